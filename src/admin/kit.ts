import type { ApiPart, PartKit } from '../api/api.ts'
import type { Seen } from './seen.ts'
import type { Views } from './views/views.ts'

/** What routes are made with. */
export interface ApiKit extends PartKit {
  readonly seen: Seen
  readonly views: Views
  /** Has it written down by who keeps an audit, if anybody does. */
  readonly audit: NonNullable<ApiPart['audit']>
}
