import type { GRPCRoute } from '../../../model/kinds/grpc-route.ts'
import type { HTTPRoute } from '../../../model/kinds/http-route.ts'
import type { Resource } from '../../../model/resource.ts'
import type { TLSRoute } from '../../../model/kinds/tls-route.ts'
import type { StreamRule } from '../../../snapshot/rule.ts'
import type { Doubt, Flaw } from '../../../translation/report.ts'
import type { RankedEntry } from './precedence.ts'

/** What a route comes to, whatever it is attached to. */
export interface RouteState<R extends Resource = HTTPRoute | GRPCRoute | TLSRoute> {
  readonly route: R
  readonly entries: readonly RankedEntry[]
  /** Of a TLSRoute, in place of entries. */
  readonly stream: StreamRule | null
  /** References that cannot be followed: ResolvedRefs. */
  readonly unresolved: readonly Flaw[]
  /** The rules that are not served as they are written, by their position: PartiallyInvalid, or Accepted where it is all of them. */
  readonly invalid: ReadonlyMap<number, readonly Flaw[]>
  readonly ruleCount: number
  readonly doubts: readonly Doubt[]
}

/** Whether it has a rule that is served as it is written, or none at all, which is nothing wrong. */
export function isValid({ invalid, ruleCount }: Pick<RouteState, 'invalid' | 'ruleCount'>): boolean {
  return invalid.size < ruleCount || ruleCount === 0
}
