import { createHash } from 'node:crypto'
import type { ResourceRef } from '../model/resource.ts'
import type { Service } from '../model/kinds/service.ts'
import type { DataPlane } from './data-planes.ts'

// A Service of its own for each Gateway of one data plane (Gateway API, GEP-1762). The Service is where it is written down
// which port of the Pods has which port of the Gateway: whoever leads writes it, and all replicas read it there.

/** How Services of Gateways are reached. */
export const gatewayServiceTypes = ['LoadBalancer', 'NodePort', 'ClusterIP'] as const
export type GatewayServiceType = (typeof gatewayServiceTypes)[number]

/** Where translation looks for Services of Gateways. */
export interface GatewayServiceSettings {
  /** Of the Pods that serve, which a Service selects in its own namespace alone. */
  readonly namespace: string
  /** Of the deployment: a Service that another one has made is not ours. */
  readonly deployment: string
  /** Of Services whose Gateway does not say another. */
  readonly type: GatewayServiceType
}

/** Wants and facts (translation/service.ts) of this name. */
export const GATEWAY_SERVICES = 'gatewayServices'

/** The Service that a Gateway is to have. */
export interface GatewayServiceWant {
  readonly gateway: ResourceRef
  readonly gatewayClass: string
  readonly name: string
  /** `tcp 443`; none: what there is stays as it is, since nothing of the Gateway is served now. */
  readonly ports: readonly string[]
  /** `spec.infrastructure`. */
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** The one that it is to be reached at; null: any. */
  readonly address: string | null
  readonly type: GatewayServiceType
  /** Pods that serve this Gateway alone; null: those that serve all. */
  readonly dataPlane: DataPlane | null
}

/** By the name of the Service, what is known of where it is reached, and why it could not be made. */
export type GatewayServiceFacts = ReadonlyMap<string, GatewayServiceFact>

export interface GatewayServiceFact {
  readonly addresses: readonly string[]
  /** Of the Service that has them: one that is still to become another has none that its Gateway wants. */
  readonly type?: string
  /** "" where nothing is wrong. */
  readonly problem: string
  /** What its own Pods are still to come to; "", or absent, where they serve, or it has none. */
  readonly waits?: string
}

interface Made {
  readonly metadata: {
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
}

/** On what was made for Gateways: the name of the deployment's own Service. */
export const DEPLOYMENT_LABEL = 'portcullis.dev/gateway-service-of'
/** `default/front`: a label has no room for all names. */
export const GATEWAY_ANNOTATION = 'portcullis.dev/gateway'

/**
 * On aliases of Gateways, in their own namespaces: the name of the deployment's own Service. Another label than that of
 * their Services, so that neither is ever taken for the other.
 */
export const ALIAS_LABEL = 'portcullis.dev/gateway-alias-of'

const LABEL_LENGTH = 63
const DIGEST_LENGTH = 10

/** `portcullis-default-front-1a2b3c4d5e`, of a deployment called portcullis: an RFC 1035 label, another one for each Gateway. */
export function gatewayServiceName(
  deployment: string,
  { namespace, name }: Pick<ResourceRef, 'namespace' | 'name'>,
): string {
  const digest = digestOf(`${deployment} ${namespace}/${name}`)
  const words = `${deployment}-${namespace}-${name}`.replaceAll('.', '-')
  return `${words.slice(0, LABEL_LENGTH - DIGEST_LENGTH - 1).replace(/-+$/, '')}-${digest}`
}

/** `front-portcullis`, as GEP-1762 has it, where a Service may be called so (RFC 1035); else that, changed, with a digest. */
export function gatewayAliasName(gateway: string, gatewayClass: string): string {
  const plain = `${gateway}-${gatewayClass}`
  if (plain.length <= LABEL_LENGTH && /^[a-z][-a-z0-9]*[a-z0-9]$/.test(plain)) return plain
  const words = plain.replaceAll('.', '-').replace(/^(?=[0-9])/, 'gateway-')
  const cut = words.slice(0, LABEL_LENGTH - DIGEST_LENGTH - 1).replace(/-+$/, '')
  return `${cut}-${digestOf(`${gateway} ${gatewayClass}`)}`
}

/** A name as the value of a label: those that are too long are cut, and still differ. */
export function labelValue(name: string): string {
  if (name.length <= LABEL_LENGTH) return name
  const cut = name.slice(0, LABEL_LENGTH - DIGEST_LENGTH - 1).replace(/[-.]+$/, '')
  return `${cut}-${digestOf(name)}`
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, DIGEST_LENGTH)
}

/** Whether this deployment has made an object, for whichever Gateway. */
export function isMadeBy({ metadata }: Made, deployment: string): boolean {
  return metadata.labels?.[DEPLOYMENT_LABEL] === deployment && gatewayKeyOf({ metadata }) !== ''
}

/** Whether it is an alias that this deployment has made. What somebody has made another kind of Service of is his. */
export function isAliasOf({ metadata, body }: Service, deployment: string): boolean {
  const isOurs = metadata.labels?.[ALIAS_LABEL] === deployment && gatewayKeyOf({ metadata }) !== ''
  return isOurs && body.spec?.type === 'ExternalName'
}

/** `default/front`; "" where it is made for none. */
export function gatewayKeyOf({ metadata }: Made): string {
  return metadata.annotations?.[GATEWAY_ANNOTATION] ?? ''
}

/** The ports of Pods by the ports of the Gateway (`tcp 443`), as its Service has them. */
export function targetsOf({ body }: Service): ReadonlyMap<string, number> {
  const ports = body.spec?.ports ?? []
  return new Map(
    ports.flatMap(({ protocol = 'TCP', port, targetPort }) =>
      typeof targetPort === 'number' ? [[`${protocol.toLowerCase()} ${port}`, targetPort] as const] : [],
    ),
  )
}
