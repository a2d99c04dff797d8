import { isDeepStrictEqual } from 'node:util'
import type { Service } from '../../model/kinds/service.ts'
import type { GatewayServiceSettings, GatewayServiceWant } from '../../translation/gateway-services.ts'
import { wantedWords, wordsPatch, type WantedWords } from './made.ts'

/** What the deployment's own Service says of all that are like it. */
export interface ServiceTemplate {
  readonly uid: string
  readonly spec: TemplateSpec
}

interface TemplateSpec {
  readonly selector?: Readonly<Record<string, string>>
  readonly externalTrafficPolicy?: string
  readonly loadBalancerClass?: string
  readonly loadBalancerSourceRanges?: readonly string[]
  readonly ipFamilies?: readonly string[]
  readonly ipFamilyPolicy?: string
}

type Words = Readonly<Record<string, string>>

/** What a Service is to say, without what only a new one is given. */
export interface WantedService extends WantedWords {
  readonly spec: Readonly<Record<string, unknown>>
}

/** Which Pods a Service leads to. */
export interface Lead {
  readonly selector: Words | undefined
  /** The annotation that is to say when it has been turned there; absent: it does already, or for the first time. */
  readonly stamp?: string
}

/** Pure. `targets`: by `tcp 443` the port of the Pods. */
export function wantedService(
  want: GatewayServiceWant,
  targets: ReadonlyMap<string, number>,
  { spec: template }: ServiceTemplate,
  settings: GatewayServiceSettings,
  lead: Lead = { selector: template.selector },
): WantedService {
  const { type } = want
  const isBalanced = type === 'LoadBalancer'
  const { labels, annotations } = wantedWords(want, settings)
  return {
    labels,
    annotations,
    spec: {
      type,
      selector: lead.selector,
      ports: Array.from(targets, ([key, targetPort]) => portOf(key, targetPort)),
      externalTrafficPolicy: type === 'ClusterIP' ? undefined : (template.externalTrafficPolicy ?? 'Cluster'),
      loadBalancerIP: isBalanced ? (want.address ?? undefined) : undefined,
      loadBalancerSourceRanges: isBalanced ? template.loadBalancerSourceRanges : undefined,
    },
  }
}

function portOf(key: string, targetPort: number): object {
  const [transport = '', port = ''] = key.split(' ')
  return { name: `${transport}-${port}`, protocol: transport.toUpperCase(), port: Number(port), targetPort }
}

/**
 * A new one. It goes with the deployment's own, also where nobody is left who could delete it. What is fixed for the life of
 * a Service (class, families) is said here alone.
 */
export function newService(
  name: string,
  { labels, annotations, spec }: WantedService,
  { uid, spec: { loadBalancerClass, ipFamilies, ipFamilyPolicy } }: ServiceTemplate,
  { namespace, deployment }: GatewayServiceSettings,
): Record<string, unknown> {
  const owner = { apiVersion: 'v1', kind: 'Service', name: deployment, uid }
  const isBalanced = spec['type'] === 'LoadBalancer'
  const fixed = { ...(isBalanced && { loadBalancerClass }), ipFamilies, ipFamilyPolicy }
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, labels, annotations, ownerReferences: [owner] },
    spec: { ...spec, ...fixed },
  }
}

/**
 * The merge patch (RFC 7396) by which a Service says what is wanted; null where it does. What others have added stays. One
 * that comes to have a balancer has that of the deployment's own: what names no class is any balancer's.
 */
export function servicePatch(
  wanted: WantedService,
  service: Service,
  { spec: { loadBalancerClass } }: ServiceTemplate,
): Record<string, unknown> | null {
  const spec: Readonly<Record<string, unknown>> = service.body.spec ?? {}
  const isNew = wanted.spec['type'] === 'LoadBalancer' && spec['type'] !== 'LoadBalancer'
  const balancer = isNew && loadBalancerClass !== undefined ? { loadBalancerClass } : {}
  const changes = {
    ...wordsPatch(wanted, service),
    spec: {
      ...balancer,
      ...Object.fromEntries(
        Object.entries(wanted.spec).flatMap(([name, value]) =>
          isDeepStrictEqual(value, spec[name] === '' ? undefined : spec[name])
            ? []
            : [[name, name === 'selector' ? selectorPatch(value, spec[name]) : (value ?? null)]],
        ),
      ),
    },
  }
  if (Object.values(changes).every(one => Object.keys(one).length === 0)) return null
  const { spec: fields, ...words } = changes
  return { metadata: words, spec: fields }
}

/** A merge patch leaves keys that it does not name, and these would be one more thing that Pods must have. */
function selectorPatch(wanted: unknown, now: unknown): Record<string, unknown> {
  const gone = Object.keys((now ?? {}) as object).map(name => [name, null] as const)
  return { ...Object.fromEntries(gone), ...(wanted as object | undefined) }
}
