import type { PartKit } from '../api/api.ts'
import type { Seen } from './seen.ts'
import type { Views } from './views/views.ts'

/** What routes are made with. */
export interface ApiKit extends PartKit {
  readonly seen: Seen
  readonly views: Views
}
