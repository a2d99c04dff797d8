import type { Gateway } from '../../../model/kinds/gateway.ts'
import type { GatewayListener } from '../../../model/kinds/gateway-listener.ts'
import type { ListenerSet } from '../../../model/kinds/listener-set.ts'
import type { FieldPath } from '../../../model/resource.ts'
import type { Certificates } from '../../../translation/certificates.ts'
import { policyName } from '../../../translation/policies.ts'
import type { Flaw } from '../../../translation/report.ts'
import { clientSettings } from '../defaults.ts'
import { isProvable } from './listener-contexts.ts'
import { listenerTls } from './listener-tls.ts'
import { conflictsOf, isServed, overlapsOf, stateOf, type ListenerState } from './listeners.ts'

/** Listeners that are added to one Gateway, each of which may be a socket in each worker; and those of one namespace. */
const MOST_ADDED = 1024
const MOST_OF_NAMESPACE = 256

/**
 * What comes before a listener that is to be added to a Gateway (ListenerSetSpec.listeners): the Gateway's own whatever
 * becomes of them, and those of other ListenerSets that are served: a broken one would keep others out.
 */
export class TakenListeners {
  private readonly byPort = new Map<number, GatewayListener[]>()
  private readonly byNamespace = new Map<string, number>()
  private added = 0

  constructor(own: readonly ListenerState[]) {
    for (const { spec } of own) this.put(spec)
  }

  on(port: number): readonly GatewayListener[] {
    return this.byPort.get(port) ?? []
  }

  /** False where there are as many as may be. What is not served counts, and keeps nobody out. */
  add(spec: GatewayListener, namespace: string, served: boolean): boolean {
    const count = this.byNamespace.get(namespace) ?? 0
    if (this.added >= MOST_ADDED || count >= MOST_OF_NAMESPACE) return false
    this.added++
    this.byNamespace.set(namespace, count + 1)
    if (served) this.put(spec)
    return true
  }

  private put(spec: GatewayListener): void {
    const list = this.byPort.get(spec.port)
    if (list === undefined) this.byPort.set(spec.port, [spec])
    else list.push(spec)
  }
}

/** Judges the listeners that a ListenerSet adds, by themselves, against what comes first, and what is left against each other. */
export function addedListeners(
  set: ListenerSet,
  gateway: Gateway,
  first: TakenListeners,
  certificates: Certificates,
): ListenerState[] {
  const { listeners } = set.body.spec
  const pathOf = (i: number): FieldPath => ['spec', 'listeners', i]
  const taken = listeners.map((spec, i) => conflictsOf(spec, first.on(spec.port), pathOf(i)))
  const left = listeners.filter((_, i) => taken[i]!.length === 0)
  return listeners.map((spec, i) => {
    const path = pathOf(i)
    const lost = taken[i]!.map(flaw => ({ ...flaw, message: takenText(spec, flaw, gateway) }))
    const conflicts = lost.length > 0 ? lost : conflictsOf(spec, left, path)
    const tls = listenerTls(set, gateway, spec, path, certificates, 'nobody')
    const overlapping = overlapsOf(spec, listeners, path)
    const state = stateOf({ spec, owner: set, path, conflicts, tls, overlapping })
    if (
      state.refused.length === 0 &&
      !first.add(spec, set.metadata.namespace, willServe(state, certificates))
    )
      state.refused.push(tooMany(path, gateway))
    return state
  })
}

/** Contexts are proven once more with the settings of the Gateway's clients, which are not known before its listeners are. */
function willServe(state: ListenerState, { used }: Certificates): boolean {
  const { tls } = state
  return isServed(state) && (tls?.mode !== 'terminate' || isProvable(tls, clientSettings, used))
}

/** Who has it is not told: it may be of another namespace. */
function takenText({ hostname, port }: GatewayListener, { reason }: Flaw, gateway: Gateway): string {
  const what =
    reason === 'ProtocolConflict' ? `port ${port}` : `${hostname ?? 'any hostname'} on port ${port}`
  const how = reason === 'ProtocolConflict' ? 'is used with another protocol' : 'is taken'
  return `${what} ${how} by a listener of Gateway ${policyName(gateway)} that comes first`
}

function tooMany(path: FieldPath, gateway: Gateway): Flaw {
  const message = `${MOST_OF_NAMESPACE} listeners of a namespace, and ${MOST_ADDED} of all, can be added to Gateway ${policyName(gateway)}, and are`
  return { reason: 'TooManyListeners', path, message }
}
