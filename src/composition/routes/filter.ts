import type { FilterPart, FilterShape } from '../../shared/crossing/filtering.ts'
import type { BaseRoute } from './common.ts'

/** One of the two functions of a filter, as the engine has it. */
export interface FilterRoute extends BaseRoute {
  readonly kind: 'filter'
  readonly phase: keyof FilterShape
  readonly part: FilterPart
  readonly run: (r: never) => unknown
}
