import { ListenerSet } from '../../model/kinds/listener-set.ts'
import { gatewayOf, listenerName, type ListenerOwner } from '../../translation/listener-name.ts'
import type { InForce } from '../../control/controller.ts'
import { listenReason } from '../../control/port-errors.ts'
import { Gateway } from '../../model/kinds/gateway.ts'
import { keyOf, refKey, refOf } from '../../model/resources.ts'
import type { Condition } from '../../model/resource.ts'
import type { RuleTypes } from '../../proxy/compile.ts'
import type { Port } from '../../snapshot/snapshot.ts'
import type { ListenerTls } from '../../snapshot/tls.ts'
import { originFor } from '../../translation/origin.ts'
import { clientLimits } from '../explain/limits.ts'
import type * as shapes from '../shapes/topology.ts'
import { conditionView } from '../../api/condition-view.ts'
import { conditionsOf } from './conditions.ts'
import { filterViews } from './filters.ts'
import type { RuleIndex } from './rule-index.ts'

export interface GatewaySource extends Pick<InForce, 'status' | 'resources'> {
  readonly types: RuleTypes
  readonly index: RuleIndex
}

/** Which of the Gateways and listeners are wanted; absent: all. */
export interface GatewayQuery {
  readonly gateway?: string | undefined
  readonly listener?: string | undefined
}

/** The Gateways of ours, also where they do not serve. */
export function gatewayViews(
  source: GatewaySource,
  { gateway: wanted, listener: section }: GatewayQuery = {},
): readonly shapes.Gateway[] {
  return source.resources.all(Gateway).flatMap(gateway => {
    const { namespace, name } = gateway.metadata
    const key = `${namespace}/${name}`
    if (wanted !== undefined && wanted !== key) return []
    const conditions = conditionsOf(source.status.conditions, refOf(gateway))
    // A Gateway of somebody else's class has no condition from us.
    if (conditions.length === 0) return []
    const listeners = ownersOf(gateway, source).flatMap(owner => {
      const its = owner === gateway ? conditions : conditionsOf(source.status.conditions, refOf(owner))
      return owner.body.spec.listeners.map((_, i) => listenerView(owner, i, its, source))
    })
    const shown = listeners.filter(one => section === undefined || one.name === section)
    if (section !== undefined && shown.length === 0) return []
    return [
      {
        name: key,
        origin: originFor('ingress', gateway, []),
        programmed: isProgrammed(conditions, undefined),
        conditions: conditions.filter(({ listener }) => listener === undefined).map(conditionView),
        listeners: shown,
      },
    ]
  })
}

/** The Gateway, and the ListenerSets that are added to it. */
function ownersOf(gateway: Gateway, { resources }: GatewaySource): readonly ListenerOwner[] {
  const sets = resources.all(ListenerSet).filter(set => refKey(gatewayOf(set)) === keyOf(gateway))
  return [gateway, ...sets]
}

function listenerView(
  owner: ListenerOwner,
  place: number,
  conditions: readonly Condition[],
  { status, types, index }: GatewaySource,
): shapes.Listener {
  const { name: section, protocol, hostname = '', tls } = owner.body.spec.listeners[place]!
  const name = listenerName(owner, section)
  const placed = index.listeners.get(name)
  const declared = tls === undefined ? null : { ...noTls, mode: 'refuse' as const }
  return {
    name,
    section,
    ports: (placed?.ports ?? []).map(port => portView(port, status)),
    protocol,
    hostname,
    tls: placed === undefined ? declared : tlsView(placed.listener.tls),
    programmed: isProgrammed(conditions, section),
    limits: placed?.ports[0] === undefined ? null : clientLimits(placed.ports[0]),
    filters: filterViews(placed?.listener.filters ?? [], types),
    rules: placed?.rules ?? 0,
    origin: placed?.listener.origin ?? originFor('ingress', owner, ['spec', 'listeners', place]),
    conditions: conditions.filter(({ listener }) => listener === section).map(conditionView),
  }
}

function portView({ key }: Port, { portErrors }: InForce['status']): shapes.Listener['ports'][number] {
  const error = portErrors.find(one => one.key === key)
  return { key, error: error === undefined ? null : listenReason(error.error) }
}

const noTls = { certificates: [], wanted: [], clients: 'none' } as const

function tlsView(tls: ListenerTls | undefined): shapes.Listener['tls'] {
  if (tls === undefined) return null
  if (tls.mode !== 'terminate') return { ...noTls, mode: tls.mode }
  const { certificates, wanted = [], clients } = tls
  return {
    mode: 'terminate',
    certificates,
    wanted,
    clients: clients === null ? 'none' : clients.required ? 'required' : 'asked',
  }
}

function isProgrammed(conditions: readonly Condition[], listener: string | undefined): boolean {
  return conditions.some(
    one => one.type === 'Programmed' && one.listener === listener && one.status === 'True',
  )
}
