import { isIP } from 'node:net'
import type { Gateway } from '../../../model/kinds/gateway.ts'
import { Service } from '../../../model/kinds/service.ts'
import type { Resources } from '../../../model/resources.ts'
import {
  GATEWAY_SERVICES,
  gatewayKeyOf,
  gatewayServiceName,
  isGatewayService,
  targetsOf,
  type GatewayServiceFacts,
  type GatewayServiceSettings,
} from '../../../translation/gateway-services.ts'
import type { TranslateOptions } from '../../../translation/role.ts'
import { ANY, type Addresses } from './addresses.ts'

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
  /** "" where nothing is known to be wrong. */
  readonly problem: string
}

/** The Services of Gateways, where each has one; null where all Gateways are reached in one way. */
export class OwnServices {
  private readonly resources: Resources
  private readonly settings: GatewayServiceSettings
  private readonly facts: GatewayServiceFacts
  private readonly open: readonly string[]
  /** Ports of Pods that an older Gateway has. */
  private readonly taken = new Map<number, Gateway>()

  static of(
    resources: Resources,
    { gatewayServices, facts, addresses }: TranslateOptions,
  ): OwnServices | null {
    if (gatewayServices === undefined) return null
    const known = (facts?.[GATEWAY_SERVICES] as GatewayServiceFacts | undefined) ?? new Map()
    return new OwnServices(resources, gatewayServices, known, addresses ?? [])
  }

  private constructor(
    resources: Resources,
    settings: GatewayServiceSettings,
    facts: GatewayServiceFacts,
    addresses: readonly string[],
  ) {
    this.resources = resources
    this.settings = settings
    this.facts = facts
    this.open = addresses.length > 0 ? addresses : [ANY]
  }

  /** Gateways come the oldest first. */
  of(gateway: Gateway): OwnService {
    const { namespace, deployment } = this.settings
    const name = gatewayServiceName(deployment, gateway.metadata)
    const service = this.resources.get(Service, namespace, name)
    const { addresses = [], problem = '' } = this.facts.get(name) ?? {}
    const isOurs =
      service !== undefined &&
      isGatewayService(service, deployment) &&
      gatewayKeyOf(service) === `${gateway.metadata.namespace}/${gateway.metadata.name}`
    const own = { name, title: `Service ${namespace}/${name}`, address: wantedAddress(gateway) }
    if (!isOurs) return { ...own, targets: new Map(), reached: [], problem }
    return { ...own, targets: this.unshared(gateway, service), reached: addresses, problem }
  }

  /** What is written down by hand may name one port of the Pods for two Gateways, of which only one can have it. */
  private unshared(gateway: Gateway, service: Service): ReadonlyMap<string, number> {
    const targets = [...targetsOf(service)].filter(([, target]) => !this.taken.has(target))
    for (const [, target] of targets) this.taken.set(target, gateway)
    return new Map(targets)
  }

  /** All Gateways listen where their Service sends to; what they name themselves their Service is asked to have. */
  addressesOf(gateway: Gateway): Addresses {
    const unsupported = (gateway.body.spec.addresses ?? []).flatMap((one, i) => {
      const message = this.unsupported(one, i)
      return message === '' ? [] : [{ reason: 'UnsupportedAddress', path: ['spec', 'addresses', i], message }]
    })
    return { list: this.open, unsupported, unusable: [] }
  }

  private unsupported({ type = 'IPAddress', value = '', routability = '' }: Address, index: number): string {
    if (type !== 'IPAddress') return `${type} is not served, expected IPAddress`
    if (routability !== '') return `routability ${routability} is not served, expected none`
    if (value === '') return ''
    if (isIP(value) === 0) return `${JSON.stringify(value)} is no IP address`
    if (this.settings.type !== 'LoadBalancer')
      return `a Service of type ${this.settings.type} is given its address by the cluster, expected none`
    return index === 0 ? '' : 'the balancer of a Service is asked for one address, expected no other'
  }
}

type Address = NonNullable<Gateway['body']['spec']['addresses']>[number]

function wantedAddress({ body }: Gateway): string | null {
  const [first] = body.spec.addresses ?? []
  return first?.value === undefined || first.value === '' ? null : first.value
}
