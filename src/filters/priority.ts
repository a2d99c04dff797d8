import type { FilterConfig } from '../snapshot/rule.ts'
import { compileExceptions, type Excepted, type Exception } from './exceptions.ts'
import type { FilterType } from './filter.ts'

/** How important a request is, the most important first. */
export const CRITICAL = 0
export const NORMAL = 1
export const SHEDDABLE = 2
export type Rank = typeof CRITICAL | typeof NORMAL | typeof SHEDDABLE
export type Priority = 'Critical' | 'Normal' | 'Sheddable'

/** By their rank. */
export const priorities: readonly Priority[] = ['Critical', 'Normal', 'Sheddable']

/** TrafficPolicy spec.priority. */
export interface PriorityConfig extends FilterConfig {
  readonly type: 'priority'
  readonly priority: Priority
  readonly except: readonly Exception[]
}

/** Who is refused first where there is too much to do. It has no step: the exchange knows it before the first one. */
export const priority: FilterType<PriorityConfig> = {
  type: 'priority',
  role: 'ingress',
  phase: 'priority',
  compile: () => ({}),
  describe: ({ priority: name }) => name,
  except: ({ except }) => except,
}

/** What a list of filters says of the rank of a request; null where it says nothing of that one, or of any. */
export type Ranking = ((x: Excepted) => Rank | null) | null

/** Of filters in the order of lists: the last is the nearest. What it leaves out is for the one before it. */
export function rankingOf(filters: readonly FilterConfig[]): Ranking {
  let ranking: Ranking = null
  for (const filter of filters) if (isPriority(filter)) ranking = nearer(filter, ranking)
  return ranking
}

function nearer({ priority: name, except }: PriorityConfig, beyond: Ranking): Ranking {
  const rank = rankOf(name)
  const isExcepted = compileExceptions(except)
  if (isExcepted === null) return () => rank
  return x => (isExcepted(x) ? (beyond?.(x) ?? null) : rank)
}

function rankOf(name: Priority): Rank {
  return name === 'Critical' ? CRITICAL : name === 'Sheddable' ? SHEDDABLE : NORMAL
}

function isPriority(filter: FilterConfig): filter is PriorityConfig {
  return filter.type === 'priority'
}
