import type { Filter } from '../../src/admin/shapes/rule.ts'
import { OriginLink } from '../parts/links.tsx'
import { Tag } from '../parts/mark.tsx'
import { texts } from '../texts.ts'

type Shown = Pick<Filter, 'type' | 'phase' | 'origin'> & {
  readonly summary?: string
  /** Whether an exception leaves it out for this request. */
  readonly excepted?: unknown
}

/** In the order in which a request meets them. */
export function Filters({ filters }: { readonly filters: readonly Shown[] }) {
  if (filters.length === 0) return <p className="note">{texts.routes.noFilters}</p>
  return (
    <ol className="filters">
      {filters.map(({ type, phase, origin, summary = '', excepted }, i) => (
        <li key={`${type} ${i}`} className={isExcepted(excepted) ? 'excepted' : undefined}>
          <Tag>{phase}</Tag>
          <Tag>{origin.role}</Tag>
          <b>{type}</b>
          {/* The gateway's words begin with the type. */}
          <span>{summary.startsWith(`${type} `) ? summary.slice(type.length + 1) : summary}</span>
          {isExcepted(excepted) ? <em>{texts.routes.excepted}</em> : null}
          <OriginLink origin={origin} />
        </li>
      ))}
    </ol>
  )
}

function isExcepted(excepted: unknown): boolean {
  return excepted !== undefined && excepted !== null && excepted !== false
}
