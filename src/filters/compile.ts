import type { FilterConfig } from '../snapshot/snapshot.ts'
import type { Exchange, FilterType, Verdict } from './filter.ts'
import { stages } from './order.ts'

/** Both in the order of running; null where there is none, so that nothing is looped over. */
export interface FilterSteps {
  readonly request: readonly ((x: Exchange) => Verdict | Promise<Verdict>)[] | null
  readonly response: readonly ((x: Exchange) => void | Promise<void>)[] | null
}

const none: FilterSteps = { request: null, response: null }

const rows = new Map<string, { readonly type: FilterType; readonly stage: number }>(
  stages.flatMap((stage, i) => stage.map(type => [type.type, { type, stage: i }] as const)),
)

/** Compiles the filters of a rule or backend. Throws on a type that is not in the table: leaving a filter out could open a door. */
export function compileFilters(configs: readonly FilterConfig[]): FilterSteps {
  if (configs.length === 0) return none
  const filters = configs
    .map(config => ({ config, row: rowOf(config) }))
    .sort((a, b) => a.row.stage - b.row.stage)
    .map(({ config, row }) => row.type.compile(config))
  const request = filters.flatMap(filter => filter.request?.bind(filter) ?? [])
  const response = filters.flatMap(filter => filter.response?.bind(filter) ?? []).reverse()
  return {
    request: request.length > 0 ? request : null,
    response: response.length > 0 ? response : null,
  }
}

function rowOf(config: FilterConfig): { readonly type: FilterType; readonly stage: number } {
  const row = rows.get(config.type)
  if (row === undefined)
    throw new Error(`no filter of type ${JSON.stringify(config.type)} in filters/order.ts`)
  return row
}
