import type { FilterTable } from '../../filters/compile.ts'
import type { FilterConfig, Rule, StreamRule } from '../../snapshot/rule.ts'
import type { Listener } from '../../snapshot/snapshot.ts'
import type { RecentRecord } from '../../telemetry/recent/slot-reader.ts'
import type { Deeds, FilterAt } from '../../telemetry/recent/story.ts'
import type { StoryFilter } from '../shapes/requests.ts'
import { layerOf } from './failure-layer.ts'
import { rounded } from './line.ts'

/** Those of its listener and rule, in their order, and what each did; behind them those that were met on the way to a backend. */
export function filtersOf(
  { story, failure }: RecentRecord,
  listener: Listener | null,
  rule: Rule | StreamRule | null,
  table: FilterTable,
): StoryFilter[] {
  const met = [...(listener?.filters ?? []), ...(rule !== null && 'filters' in rule ? rule.filters : [])]
  const inOrder = table.inOrder(met.filter(({ type }) => isKnown(table, type)))
  const deeds = [...story.deeds]
  const told: StoryFilter[] = []
  let over = false
  for (const config of inOrder) {
    const own = deeds.filter(({ filter }) => isOf(filter, config))
    for (const deed of own) deeds.splice(deeds.indexOf(deed), 1)
    const seen = own.map(deed => filterOf(deed, table, config))
    told.push(...(seen.length > 0 ? seen : [silent(config, table, over ? 'not-met' : 'passed')]))
    // Who comes behind one that has answered is not asked.
    over ||= own.some(({ did, side }) => side === 'request' && (did === 'answered' || did === 'failed'))
  }
  // What never came so far has met none of them.
  const early = told.every(({ did }) => did === 'passed') && isBefore(failure)
  const rest = deeds.map(deed => filterOf(deed, table, null))
  return [...(early ? told.map(one => ({ ...one, did: 'not-met' as const })) : told), ...rest]
}

/** Refused before any filter was asked. */
function isBefore(failure: string): boolean {
  return ['request', 'port', 'listener'].includes(layerOf(failure)) && failure !== ''
}

function isKnown(table: FilterTable, type: string): boolean {
  try {
    table.find(type)
    return true
  } catch {
    return false
  }
}

function isOf(filter: FilterAt, { type, origin }: FilterConfig): boolean {
  return filter.type === type && filter.object === origin.resource && filter.line === origin.line
}

function filterOf(
  { filter, did, side, ms }: Deeds,
  table: FilterTable,
  config: FilterConfig | null,
): StoryFilter {
  const { type, object, file, line } = filter
  const known = isKnown(table, type) ? table.find(type) : null
  return {
    type,
    phase: known?.phase ?? null,
    role: known?.role ?? null,
    at: { object, file, line },
    did,
    side,
    ms: ms === undefined ? null : rounded(ms),
    summary: config === null || known === null ? null : known.describe(config),
  }
}

function silent(config: FilterConfig, table: FilterTable, did: 'passed' | 'not-met'): StoryFilter {
  const { type, origin } = config
  const { phase, role } = table.find(type)
  const at = { object: origin.resource, file: origin.file, line: origin.line }
  return { type, phase, role, at, did, side: 'request', ms: null, summary: table.find(type).describe(config) }
}
