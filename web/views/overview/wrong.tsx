import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { problemsQuery } from '../../api/queries.ts'
import type { Status } from '../../../src/admin/shapes/status.ts'
import { Icon } from '../../parts/icon.tsx'
import { ObjectLink, Place } from '../../parts/links.tsx'
import { overviewTexts } from '../../texts/overview.ts'

const MOST = 3

/** What is wrong comes before everything else; where nothing is, it takes no place. */
export function Wrong({ status }: { readonly status: Status | undefined }) {
  const { data } = useQuery(problemsQuery)
  const failed = status?.ports.filter(({ error }) => error !== null) ?? []
  const { errors = 0, warnings = 0 } = status?.problems ?? {}
  if (errors + warnings + failed.length === 0) return null
  const shown = (data?.items ?? []).filter(({ severity }) => severity !== 'note').slice(0, MOST)
  return (
    <section
      className={`wrong ${errors + failed.length > 0 ? 'bad' : 'warn'}`}
      aria-label={overviewTexts.problemsTitle}
    >
      <header>
        <Icon name="problems" />
        <h2>{overviewTexts.problems(errors, warnings)}</h2>
        {status === undefined || status.held === 0 ? null : <span>{overviewTexts.held(status.held)}</span>}
        <Link to="/problems">{overviewTexts.allProblems}</Link>
      </header>
      <ul>
        {failed.map(({ key, error }) => (
          <li key={key}>
            <b>{key}</b> {error}
          </li>
        ))}
        {shown.map(({ object, file, line, column, message, reason }, i) => (
          <li key={`${reason} ${i}`}>
            {object === null ? null : <ObjectLink object={object} />} <Place at={{ file, line, column }} />{' '}
            {message}
          </li>
        ))}
      </ul>
    </section>
  )
}
