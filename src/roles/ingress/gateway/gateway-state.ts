import type { Gateway } from '../../../model/kinds/gateway.ts'
import type { ListenerSet } from '../../../model/kinds/listener-set.ts'
import type { Flaw } from '../../../translation/report.ts'
import type { Addresses } from './addresses.ts'
import type { ListenerState } from './listeners.ts'
import type { OwnService } from './own-services.ts'

/** One Gateway of ours while a translation runs. */
export interface GatewayState {
  readonly gateway: Gateway
  readonly addresses: Addresses
  /** Null where it is reached as all are. */
  readonly service: OwnService | null
  /** Why it is not accepted, beside its listeners. */
  readonly refused: readonly Flaw[]
  /** Its own, and behind them those of ListenerSets: in the order of precedence. */
  readonly listeners: readonly ListenerState[]
  readonly sets: readonly SetState[]
}

/** Whether what the Gateway says of itself lets anything be served. */
export function isUsable({ refused, addresses }: GatewayState): boolean {
  return refused.length === 0 && addresses.unusable.length === 0
}

/** Whether this process listens for it, and no other that is for it alone. */
export function isHere({ service }: GatewayState): boolean {
  return service === null || service.isHere
}

/** One ListenerSet of a Gateway of ours. */
export interface SetState {
  readonly set: ListenerSet
  /** Why the Gateway does not take it. */
  readonly refused: readonly Flaw[]
  /** None where it is not taken. */
  readonly listeners: readonly ListenerState[]
}

/** Those that no ListenerSet has added. */
export function ownListeners({ gateway, listeners }: GatewayState): readonly ListenerState[] {
  return listeners.filter(({ owner }) => owner === gateway)
}
