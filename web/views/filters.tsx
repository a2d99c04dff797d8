import type { Filter } from '../../src/admin/shapes/rule.ts'
import type { Fact } from '../api/explanation.ts'
import { OriginLink } from '../parts/links.tsx'
import { Tag } from '../parts/mark.tsx'
import { explainTexts } from '../texts/explain.ts'
import { routesTexts } from '../texts/routes.ts'
import { factText } from './summaries.ts'

type Shown = Pick<Filter, 'type' | 'phase' | 'origin'> & {
  readonly summary?: string
  /** Whether an exception leaves it out for this request. */
  readonly excepted?: unknown
  /** What it has found out of a request, where one is explained. */
  readonly facts?: readonly Fact[]
}

/** In the order in which a request meets them. */
export function Filters({ filters }: { readonly filters: readonly Shown[] }) {
  if (filters.length === 0) return <p className="note">{routesTexts.noFilters}</p>
  return (
    <ol className="filters">
      {filters.map(({ type, phase, origin, summary = '', excepted, facts = [] }, i) => (
        <li key={`${type} ${i}`} className={isExcepted(excepted) ? 'excepted' : undefined}>
          <Tag>{phase}</Tag>
          <Tag>{origin.role}</Tag>
          <b>{type}</b>
          {/* The gateway's words begin with the type. */}
          <span>{summary.startsWith(`${type} `) ? summary.slice(type.length + 1) : summary}</span>
          {isExcepted(excepted) ? <em>{routesTexts.excepted}</em> : null}
          <OriginLink origin={origin} />
          {facts.length === 0 ? null : <Facts facts={facts} />}
        </li>
      ))}
    </ol>
  )
}

function Facts({ facts }: { readonly facts: readonly Fact[] }) {
  return (
    <dl className="facts">
      {facts.map(({ name, value }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{factText(value) || explainTexts.none}</dd>
        </div>
      ))}
    </dl>
  )
}

function isExcepted(excepted: unknown): boolean {
  return excepted !== undefined && excepted !== null && excepted !== false
}
