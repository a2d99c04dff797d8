import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { problemsQuery } from '../api/queries.ts'
import type { Finding } from '../../src/api/shapes/finding.ts'
import { clock, count, date } from '../format.ts'
import { Answer, Empty } from '../parts/answers.tsx'
import { ObjectLink, Place } from '../parts/links.tsx'
import { Mark, type Tone } from '../parts/mark.tsx'
import { Page } from '../parts/page.tsx'
import { Toggle } from '../parts/toggle.tsx'
import { problemsTexts as t } from '../texts/problems.ts'

const tones: Readonly<Record<Finding['severity'], Tone>> = { error: 'bad', warning: 'warn', note: 'quiet' }
const MOST = 500
const here = getRouteApi('/problems')
type Kind = keyof typeof t.kinds

export function Problems() {
  const { severity = 'all' } = here.useSearch()
  const navigate = here.useNavigate()
  const query = useQuery(problemsQuery)
  const items = query.data?.items ?? []
  const untold = (query.data?.total ?? 0) - Math.min(items.length, MOST)
  const of = (kind: string) => (kind === 'all' ? items : items.filter(problem => problem.severity === kind))
  const kinds = Object.keys(t.kinds) as Kind[]
  return (
    <Page
      title={t.title}
      actions={
        items.length === 0 ? undefined : (
          <Toggle
            label={t.severity}
            value={severity}
            onChange={next =>
              void navigate({ search: next === 'all' ? {} : { severity: next }, replace: true })
            }
            options={kinds.map(kind => ({
              value: kind as string,
              text: `${t.kinds[kind]} ${count(of(kind).length)}`,
            }))}
          />
        )
      }
    >
      <div aria-live="polite">
        <Answer query={query}>{() => <List all={items.length} problems={of(severity)} />}</Answer>
        {untold > 0 ? <p className="note">{t.more(untold)}</p> : null}
      </div>
    </Page>
  )
}

function List({ all, problems }: { readonly all: number; readonly problems: readonly Finding[] }) {
  if (all === 0)
    return (
      <Empty title={t.nothing}>
        <p>{t.nothingHint}</p>
      </Empty>
    )
  if (problems.length === 0) return <p className="note">{t.nothingOfKind}</p>
  return (
    <ol className="problems">
      {problems.slice(0, MOST).map((problem, i) => (
        <Entry key={`${problem.reason} ${problem.file} ${problem.line} ${i}`} problem={problem} />
      ))}
    </ol>
  )
}

function Entry({ problem }: { readonly problem: Finding }) {
  const { severity, object, path, message, hint, held, since, reason, running } = problem
  return (
    <li className={`problem ${tones[severity]}`}>
      <header>
        <Mark tone={tones[severity]}>{t.severities[severity]}</Mark>
        {object === null ? null : <ObjectLink object={object} />}
        {path === '' ? null : <code>{path}</code>}
        <Place at={problem} />
        <small>{[reason, running ? t.running : ''].filter(text => text !== '').join(', ')}</small>
      </header>
      <p>{message}</p>
      {hint === null || hint === '' ? null : (
        <p className="todo">
          <b>{t.todo}:</b> {hint}
        </p>
      )}
      {held ? (
        <p className="held">{since === null ? t.held : t.heldSince(`${date(since)}, ${clock(since)}`)}</p>
      ) : null}
    </li>
  )
}
