import { ListenerSet } from '../model/kinds/listener-set.ts'
import { Gateway } from '../model/kinds/gateway.ts'
import type { Condition, FieldPath, Position } from '../model/resource.ts'
import { qualifiedKind, refKey, type Resources } from '../model/resources.ts'
import type { Port } from '../snapshot/snapshot.ts'

/** A port of the snapshot that cannot be listened on; `error` is the system's code, such as EADDRINUSE. */
export interface PortError {
  readonly key: string
  readonly error: string
}

const owners = new Set([Gateway, ListenerSet].map(qualifiedKind))

/** What a failure to listen means, for those who do not read errno. */
export function listenReason(error: string): string {
  if (error === 'EADDRINUSE') return 'it is in use by another program'
  if (error === 'EACCES')
    return 'this user may not open it (EACCES): ports below 1024 need root or CAP_NET_BIND_SERVICE'
  if (error === 'EADDRNOTAVAIL') return 'the address is not one of this machine (EADDRNOTAVAIL)'
  if (error === 'ENOTFOUND') return 'there is no address of this name (ENOTFOUND)'
  return error
}

/** A listener whose port cannot be had. */
interface Lost {
  readonly message: string
  readonly path: FieldPath
  readonly position: Position | null
}

/**
 * The conditions of a translation once the system has said what it lets us listen
 * on: a listener without its port is not Accepted (PortUnavailable) and not
 * Programmed, nor is a Gateway that has lost all of its listeners.
 */
export function withPortErrors(
  conditions: readonly Condition[],
  ports: readonly Port[],
  errors: readonly PortError[],
  resources: Resources,
): readonly Condition[] {
  if (errors.length === 0) return conditions
  const lost = lostListeners(ports, errors, resources)
  const left = new Set(conditions.filter(one => isServed(one) && !lost.has(keyOf(one))).map(gatewayOf))
  return conditions.map(condition => {
    const { listener, type, status } = condition
    if (!owners.has(qualifiedKind(condition.about)) || status !== 'True') return condition
    const own = lost.get(keyOf(condition))
    if (own !== undefined && type === 'Accepted')
      return { ...condition, status: 'False', reason: 'PortUnavailable', ...own }
    if (own !== undefined && type === 'Programmed')
      return { ...condition, status: 'False', reason: 'Invalid', ...own }
    if (listener !== undefined || type !== 'Programmed' || left.has(gatewayOf(condition))) return condition
    const first = [...lost].find(([key]) => key.startsWith(`${gatewayOf(condition)} `))?.[1]
    return first === undefined
      ? condition
      : { ...condition, status: 'False', reason: wholeReason(condition), ...first }
  })
}

/** By the key of the Gateway or ListenerSet and the name of its listener. */
function lostListeners(
  ports: readonly Port[],
  errors: readonly PortError[],
  resources: Resources,
): ReadonlyMap<string, Lost> {
  const lost = new Map<string, Lost>()
  for (const { key, error } of errors)
    for (const { name, set = name } of ports.find(port => port.key === key)?.listeners ?? []) {
      const isAdded = set !== name
      const kind = isAdded ? ListenerSet : Gateway
      const [namespace = '', own = ''] = set.split('/')
      const section = name.split(/[/:]/).at(-1)!
      const owner = isAdded
        ? resources.get(ListenerSet, namespace, own)
        : resources.get(Gateway, namespace, own)
      const index = owner?.body.spec.listeners.findIndex(listener => listener.name === section) ?? -1
      const path = ['spec', 'listeners', Math.max(0, index), 'port']
      lost.set(`${qualifiedKind(kind)}/${namespace}/${own} ${section}`, {
        message: `cannot listen on ${key}: ${listenReason(error)}`,
        path,
        position: owner?.at(path) ?? null,
      })
    }
  return lost
}

function isServed({ about, listener, type, status }: Condition): boolean {
  return (
    owners.has(qualifiedKind(about)) && listener !== undefined && type === 'Programmed' && status === 'True'
  )
}

/** The standard has a word of its own for ListenerSets. */
function wholeReason({ about }: Condition): string {
  return about.kind === ListenerSet.kind ? 'PortUnavailable' : 'AddressNotUsable'
}

function gatewayOf({ about }: Condition): string {
  return refKey(about)
}

function keyOf(condition: Condition): string {
  return `${gatewayOf(condition)} ${condition.listener ?? ''}`
}
