import { Service } from '../../model/kinds/service.ts'
import type { ResourceRef } from '../../model/resource.ts'
import type { Resources } from '../../model/resources.ts'
import { DATA_PLANE_SINCE, leadsToDataPlane } from '../../translation/data-planes.ts'
import {
  gatewayKeyOf,
  isMadeBy,
  targetsOf,
  type GatewayServiceSettings,
  type GatewayServiceWant,
} from '../../translation/gateway-services.ts'
import type { Known } from '../object-store.ts'
import { FOREIGN, isMadeFor } from './made.ts'
import { goneGateways } from './orphans.ts'
import { isTargetPort, TARGET_PORTS, TargetPorts } from './target-ports.ts'
import { selectorOf } from './wanted-deployment.ts'
import { newService, servicePatch, wantedService, type Lead, type ServiceTemplate } from './wanted-service.ts'
import type { Write } from './writes.ts'

/** By the name of a Service, the ports of the Pods that it was written with, while it may not have come back. */
export type Promised = ReadonlyMap<string, Targets>
type Targets = ReadonlyMap<string, number>

interface Planned {
  readonly writes: readonly Write[]
  readonly promised: Promised
  /** Why a Service cannot be written, by its name. */
  readonly problems: ReadonlyMap<string, string>
  /** Names of those that say what is wanted. */
  readonly inOrder: readonly string[]
}

interface Situation {
  readonly resources: Resources
  /** The oldest Gateway first. */
  readonly wants: readonly GatewayServiceWant[]
  readonly settings: GatewayServiceSettings
  readonly template: ServiceTemplate
  /** A Service as the server had it last. */
  readonly known: (name: string) => Known | undefined
  readonly promised: Promised
  /** Whether the Pods that serve this Gateway alone do. */
  readonly isAvailable: (want: GatewayServiceWant) => boolean
  /** Whether the cluster has it, also where that is not in force yet. */
  readonly isThere: (ref: ResourceRef) => boolean
}

/** What is to be written so that each Gateway has its Service, and none is left without one. Pure. */
export function planServices(now: Situation): Planned {
  const { wants, settings, template } = now
  const ports = portsOfLeaving(now)
  const had = new Map(wants.map(want => [want, keptTargets(now, want, ports)]))
  claimLeft(now, ports)
  const room = new Room(had)
  const writes: Write[] = []
  const promised = new Map<string, Targets>()
  const problems = new Map<string, string>()
  const inOrder: string[] = []
  for (const want of wants) {
    const { name } = want
    const known = now.known(name)
    const service = ofGateway(known, want.gateway, settings)
    const targets = allTargets(want, had.get(want)!, ports, room)
    const before = now.promised.get(name)
    if (before !== undefined && service === null) promised.set(name, before)
    // Of one that was kept over a restart it is not known what the server has.
    if (want.ports.length === 0 || known?.resourceVersion === '') continue
    if (known !== undefined && service === null) problems.set(name, FOREIGN)
    else if (typeof targets === 'string') problems.set(name, targets)
    else {
      const lead: Lead = leadOf(now, want, service) ?? { selector: template.spec.selector }
      const wanted = wantedService(want, targets, template, settings, lead)
      const [method, body] =
        service === null
          ? (['create', newService(name, wanted, template, settings)] as const)
          : (['patch', servicePatch(wanted, service, template)] as const)
      if (body === null) inOrder.push(name)
      else {
        promised.set(name, targets)
        const onto = known?.resourceVersion ?? ''
        writes.push({ kind: 'Service', name, onto, method, body, ...(lead.stamp && { stamp: lead.stamp }) })
      }
    }
  }
  return { writes: [...writes, ...orphans(now)], promised, problems, inOrder }
}

/** To the Pods of its Gateway, or null. A Service that has led to the Pods of all does so until these serve. */
function leadOf({ isAvailable }: Situation, want: GatewayServiceWant, service: Service | null): Lead | null {
  if (want.dataPlane === null) return null
  const selector = selectorOf(want.name)
  if (service === null || leadsToDataPlane(service)) return { selector }
  return isAvailable(want) ? { selector, stamp: DATA_PLANE_SINCE } : null
}

/** Those of Services that are still to go are still listened on. */
function portsOfLeaving({ resources, wants, settings }: Situation): TargetPorts {
  const ports = new TargetPorts()
  const wanted = new Set(wants.map(({ name }) => name))
  for (const service of made(resources, settings))
    if (!wanted.has(service.metadata.name))
      for (const target of targetsOf(service).values()) ports.claim(target, service.metadata.name)
  return ports
}

/** What it has, as far as no older Gateway has it. */
function keptTargets(
  now: Situation,
  { name, gateway, ports: wanted }: GatewayServiceWant,
  ports: TargetPorts,
): Targets {
  return new Map(
    [...targetsWith(now, name, gateway)].filter(
      ([key, target]) =>
        wanted.includes(key) && isTargetPort(target) && ports.claim(target, `${name} ${key}`),
    ),
  )
}

/**
 * What a Service still sends to is nobody else's, though its Gateway wants it no more, or is broken: others would serve
 * the clients of its address.
 */
function claimLeft(now: Situation, ports: TargetPorts): void {
  for (const { name, gateway } of now.wants)
    for (const target of targetsWith(now, name, gateway).values()) ports.claim(target, name)
}

/** What the Service has, or was written with while it has not come back. */
function targetsWith({ known, promised, settings }: Situation, name: string, gateway: ResourceRef): Targets {
  const service = ofGateway(known(name), gateway, settings)
  return service === null ? (promised.get(name) ?? NONE) : targetsOf(service)
}

const NONE: Targets = new Map()

/** In the order of the listeners; a text where there is no port left. */
function allTargets(
  { name, gateway, ports: wanted }: GatewayServiceWant,
  had: Targets,
  ports: TargetPorts,
  room: Room,
): Targets | string {
  const targets = new Map<string, number>()
  for (const key of wanted) {
    const kept = had.get(key)
    if (kept === undefined && !room.take(gateway.namespace))
      return `Gateways of the namespace ${gateway.namespace} have ${MOST_OF_NAMESPACE} ports, which is the most, and ${key} is one more`
    const target = kept ?? ports.find(`${name} ${key}`)
    if (target === null)
      return `${TARGET_PORTS.count} ports of Gateways are taken, and none is left for ${key}`
    targets.set(key, target)
  }
  return targets
}

/** Of one namespace, so that it leaves some to others. */
const MOST_OF_NAMESPACE = TARGET_PORTS.count / 5

/** How many ports namespaces have. What is there stays, however many that are. */
class Room {
  private readonly taken = new Map<string, number>()

  constructor(had: ReadonlyMap<GatewayServiceWant, Targets>) {
    for (const [{ gateway }, { size }] of had) this.add(gateway.namespace, size)
  }

  /** Whether there is one more. */
  take(namespace: string): boolean {
    if ((this.taken.get(namespace) ?? 0) >= MOST_OF_NAMESPACE) return false
    this.add(namespace, 1)
    return true
  }

  private add(namespace: string, count: number): void {
    this.taken.set(namespace, (this.taken.get(namespace) ?? 0) + count)
  }
}

/** Services whose Gateway is gone, or another controller's now. A Gateway that is only broken keeps its address. */
function orphans({ resources, wants, settings, known, isThere }: Situation): readonly Write[] {
  const wanted = new Set(wants.map(({ name }) => name))
  const isGone = goneGateways(resources, isThere)
  return made(resources, settings).flatMap(service => {
    const { name } = service.metadata
    const { resourceVersion: onto = '' } = known(name) ?? {}
    if (wanted.has(name) || onto === '' || !isGone(gatewayKeyOf(service))) return []
    const body = { preconditions: { resourceVersion: onto } }
    return [{ kind: 'Service', name, onto, method: 'delete', body } as const]
  })
}

function made(resources: Resources, { namespace, deployment }: GatewayServiceSettings): readonly Service[] {
  return resources
    .all(Service)
    .filter(one => one.metadata.namespace === namespace && isMadeBy(one, deployment))
}

/** The Service, if this deployment has made it. */
export function ownOf(known: Known | undefined, { deployment }: GatewayServiceSettings): Service | null {
  const service = known?.validation.resource as Service | null | undefined
  return service && isMadeBy(service, deployment) ? service : null
}

/** The Service, if this deployment has made it for this Gateway. */
export function ofGateway(
  known: Known | undefined,
  gateway: ResourceRef,
  settings: GatewayServiceSettings,
): Service | null {
  const service = ownOf(known, settings)
  return service !== null && isMadeFor(service, gateway, settings) ? service : null
}
