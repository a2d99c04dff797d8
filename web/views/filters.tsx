import type { Filter } from '../api/shapes.ts'
import { OriginLink } from '../parts/links.tsx'
import { Tag } from '../parts/mark.tsx'
import { texts } from '../texts.ts'

/** In the order in which a request meets them. */
export function Filters({ filters }: { readonly filters: readonly Filter[] }) {
  if (filters.length === 0) return <p className="note">{texts.routes.noFilters}</p>
  return (
    <ol className="filters">
      {filters.map((filter, i) => (
        <li key={`${filter.type} ${i}`} className={filter.excepted == null ? undefined : 'excepted'}>
          <Tag>{filter.phase}</Tag>
          <Tag>{filter.role}</Tag>
          <b>{filter.type}</b>
          <span>{filter.summary}</span>
          {filter.excepted == null ? null : <em>{texts.routes.excepted}</em>}
          <OriginLink origin={filter.origin} />
        </li>
      ))}
    </ol>
  )
}
