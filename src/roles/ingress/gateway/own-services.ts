import { isIP } from 'node:net'
import { GATEWAY_API } from '../../../model/kind.ts'
import type { Gateway } from '../../../model/kinds/gateway.ts'
import { Service } from '../../../model/kinds/service.ts'
import { keyOf, refKey, type Resources } from '../../../model/resources.ts'
import { followedMs, leadsToDataPlane, type DataPlane } from '../../../translation/data-planes.ts'
import {
  GATEWAY_SERVICES,
  gatewayKeyOf,
  gatewayServiceName,
  isMadeBy,
  targetsOf,
  type GatewayServiceFact,
  type GatewayServiceFacts,
  type GatewayServiceSettings,
  type GatewayServiceType,
} from '../../../translation/gateway-services.ts'
import type { Calendar } from '../../../translation/calendar.ts'
import type { Flaw } from '../../../translation/report.ts'
import type { TranslateOptions } from '../../../translation/role.ts'
import { ANY, type Addresses } from './addresses.ts'
import type { Infrastructure } from './parameters.ts'

/** The Service that a Gateway has for itself, as far as it is there. */
export interface OwnService {
  readonly name: string
  /** Namespace and name, for people. */
  readonly title: string
  /** By `tcp 443`, what is listened on in its place. */
  readonly targets: ReadonlyMap<string, number>
  /** Where it is reached: none as long as nobody has given it an address. */
  readonly reached: readonly string[]
  /** The address that the Gateway wants; null: any. */
  readonly address: string | null
  readonly type: GatewayServiceType
  /** The Gateway asks for an address that is reached from the cluster alone (`routability: Cluster`). */
  readonly isOfCluster: boolean
  /** Pods that serve this Gateway alone; null: those that serve all. */
  readonly dataPlane: DataPlane | null
  /** Whether this process listens for the Gateway. */
  readonly isHere: boolean
  /** "" where nothing is known to be wrong. */
  readonly problem: string
  /** What is known of its own Pods: "" where they serve. */
  readonly waits: string
  /** Gateways listen where their Service sends to; what they name themselves their Service is asked to have. */
  readonly listensAt: Addresses
}

/** The Services of Gateways, where each has one; null where all Gateways are reached in one way. */
export class OwnServices {
  private readonly resources: Resources
  private readonly settings: GatewayServiceSettings
  private readonly facts: GatewayServiceFacts
  private readonly open: readonly string[]
  /** The key of the only Gateway that this process listens for; null: it serves all without a data plane of their own. */
  private readonly only: string | null
  private readonly calendar: Calendar
  /** Ports of Pods that an older Gateway has. */
  private readonly taken = new Map<number, Gateway>()

  static of(
    resources: Resources,
    { gatewayServices, facts, addresses, onlyGateway }: TranslateOptions,
    calendar: Calendar,
  ): OwnServices | null {
    if (gatewayServices === undefined) return null
    const known = (facts?.[GATEWAY_SERVICES] as GatewayServiceFacts | undefined) ?? new Map()
    const only =
      onlyGateway === undefined ? null : refKey({ group: GATEWAY_API, kind: 'Gateway', ...onlyGateway })
    return new OwnServices(resources, gatewayServices, known, addresses ?? [], only, calendar)
  }

  private constructor(
    resources: Resources,
    settings: GatewayServiceSettings,
    facts: GatewayServiceFacts,
    addresses: readonly string[],
    only: string | null,
    calendar: Calendar,
  ) {
    this.resources = resources
    this.settings = settings
    this.facts = facts
    this.open = addresses.length > 0 ? addresses : [ANY]
    this.only = only
    this.calendar = calendar
  }

  /** Gateways come the oldest first. `infrastructure` null: it is refused, and what there is for it stays as it is. */
  of(gateway: Gateway, infrastructure: Infrastructure | null): OwnService {
    const { namespace, deployment } = this.settings
    const name = gatewayServiceName(deployment, gateway.metadata)
    const service = this.resources.get(Service, namespace, name)
    const { dataPlane = null, serviceType } = infrastructure ?? {}
    const isWithin = isOfCluster(gateway)
    const type = isWithin ? 'ClusterIP' : (serviceType ?? this.settings.type)
    const { addresses, type: now = type, problem, waits = '' } = this.facts.get(name) ?? UNKNOWN
    const isOurs =
      service !== undefined &&
      isMadeBy(service, deployment) &&
      gatewayKeyOf(service) === `${gateway.metadata.namespace}/${gateway.metadata.name}`
    const own = {
      name,
      title: `Service ${namespace}/${name}`,
      address: wantedAddress(gateway),
      type,
      isOfCluster: isWithin,
      dataPlane,
      problem,
      waits,
      listensAt: this.addressesOf(gateway, type),
    }
    if (!isOurs) return { ...own, targets: new Map(), reached: [], isHere: false }
    const isElsewhere = dataPlane !== null && !leadsToDataPlane(service)
    return {
      ...own,
      targets: this.unshared(gateway, service),
      reached: now === type ? addresses : [],
      isHere: this.isHere(gateway, dataPlane, service),
      waits: waits || (isElsewhere ? `${own.title} still leads to the Pods that serve all` : ''),
    }
  }

  /**
   * As long as its Service leads to the Pods that serve all, these do, also while those of its own begin, and until nodes
   * have followed. Pods of its own serve it as long as there are any: the Gateway may not want them any more, and the
   * Service still lead to them.
   */
  private isHere(gateway: Gateway, dataPlane: DataPlane | null, service: Service): boolean {
    if (this.only !== null) return keyOf(gateway) === this.only
    return dataPlane === null || !leadsToDataPlane(service) || this.calendar.isAhead(followedMs(service))
  }

  /** What is written down by hand may name one port of the Pods for two Gateways, of which only one can have it. */
  private unshared(gateway: Gateway, service: Service): ReadonlyMap<string, number> {
    const targets = [...targetsOf(service)].filter(([, target]) => !this.taken.has(target))
    for (const [, target] of targets) this.taken.set(target, gateway)
    return new Map(targets)
  }

  private addressesOf(gateway: Gateway, serviceType: GatewayServiceType): Addresses {
    const declared = gateway.body.spec.addresses ?? []
    const flaws = (reason: string, messageOf: (one: Address, index: number) => string): readonly Flaw[] =>
      declared.flatMap((one, i) => {
        const message = messageOf(one, i)
        return message === '' ? [] : [{ reason, path: ['spec', 'addresses', i], message }]
      })
    const unsupported = flaws('UnsupportedAddress', one => unsupportedBy(serviceType, one))
    return { list: this.open, unsupported, unusable: flaws('AddressNotUsable', unusableBy) }
  }
}

const UNKNOWN: GatewayServiceFact = { addresses: [], problem: '' }

function unsupportedBy(
  serviceType: GatewayServiceType,
  { type = 'IPAddress', value = '', routability = '' }: Address,
): string {
  if (type !== 'IPAddress') return `${type} is not served, expected IPAddress`
  if (routability !== '' && routability !== CLUSTER)
    return `routability ${routability} is not served, expected ${CLUSTER} or none`
  return value === '' || serviceType === 'LoadBalancer'
    ? ''
    : `a Service of type ${serviceType} is given its address by the cluster, expected none`
}

/** Of a type that is served, and yet one that the Gateway cannot have. */
function unusableBy({ type = 'IPAddress', value = '' }: Address, index: number): string {
  if (type !== 'IPAddress') return ''
  if (value !== '' && isIP(value) === 0) return `${JSON.stringify(value)} is no IP address`
  return index === 0 ? '' : 'the balancer of a Service is asked for one address, expected no other'
}

type Address = NonNullable<Gateway['body']['spec']['addresses']>[number]

/** GatewayAddressRoutabilityCluster: the address is the ClusterIP of a Service. */
const CLUSTER = 'Cluster'

function isOfCluster({ body }: Gateway): boolean {
  return body.spec.addresses?.[0]?.routability === CLUSTER
}

function wantedAddress({ body }: Gateway): string | null {
  const [first] = body.spec.addresses ?? []
  return first?.value === undefined || first.value === '' ? null : first.value
}
