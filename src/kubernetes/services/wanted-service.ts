import { isDeepStrictEqual } from 'node:util'
import type { Service } from '../../model/kinds/service.ts'
import {
  DEPLOYMENT_LABEL,
  GATEWAY_ANNOTATION,
  labelValue,
  type GatewayServiceSettings,
  type GatewayServiceWant,
} from '../../translation/gateway-services.ts'

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
export interface WantedService {
  readonly labels: Words
  readonly annotations: Words
  readonly spec: Readonly<Record<string, unknown>>
}

/** Names of what was taken over from `spec.infrastructure`, to be taken away when it goes there. */
const PROPAGATED = 'portcullis.dev/propagated'
const OURS = 'portcullis.dev/'

/** Pure. `targets`: by `tcp 443` the port of the Pods. */
export function wantedService(
  want: GatewayServiceWant,
  targets: ReadonlyMap<string, number>,
  { spec: template }: ServiceTemplate,
  { deployment, type }: GatewayServiceSettings,
): WantedService {
  const { gateway, gatewayClass } = want
  const [labels, annotations] = [others(want.labels), others(want.annotations)]
  const propagated = { labels: Object.keys(labels).sort(), annotations: Object.keys(annotations).sort() }
  const isBalanced = type === 'LoadBalancer'
  return {
    labels: {
      ...labels,
      'app.kubernetes.io/managed-by': 'portcullis',
      'gateway.networking.k8s.io/gateway-name': labelValue(gateway.name),
      'gateway.networking.k8s.io/gateway-class-name': labelValue(gatewayClass),
      'portcullis.dev/gateway-namespace': gateway.namespace,
      [DEPLOYMENT_LABEL]: deployment,
    },
    annotations: {
      ...annotations,
      [GATEWAY_ANNOTATION]: `${gateway.namespace}/${gateway.name}`,
      [PROPAGATED]: JSON.stringify(propagated),
    },
    spec: {
      type,
      selector: template.selector,
      ports: Array.from(targets, ([key, targetPort]) => portOf(key, targetPort)),
      externalTrafficPolicy: type === 'ClusterIP' ? undefined : (template.externalTrafficPolicy ?? 'Cluster'),
      loadBalancerIP: isBalanced ? (want.address ?? undefined) : undefined,
      loadBalancerSourceRanges: isBalanced ? template.loadBalancerSourceRanges : undefined,
    },
  }
}

/** Of what stands for a Gateway we say ourselves what it is. */
function others(words: Words): Words {
  return Object.fromEntries(Object.entries(words).filter(([name]) => !name.startsWith(OURS)))
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
  { namespace, deployment, type }: GatewayServiceSettings,
): Record<string, unknown> {
  const owner = { apiVersion: 'v1', kind: 'Service', name: deployment, uid }
  const fixed = { ...(type === 'LoadBalancer' && { loadBalancerClass }), ipFamilies, ipFamilyPolicy }
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, labels, annotations, ownerReferences: [owner] },
    spec: { ...spec, ...fixed },
  }
}

/** The merge patch (RFC 7396) by which a Service says what is wanted; null where it does. What others have added stays. */
export function servicePatch(
  wanted: WantedService,
  { metadata, body }: Service,
): Record<string, unknown> | null {
  const spec: Readonly<Record<string, unknown>> = body.spec ?? {}
  const before = propagatedOf(metadata.annotations?.[PROPAGATED])
  const changes = {
    labels: wordChanges(metadata.labels ?? {}, wanted.labels, before.labels),
    annotations: wordChanges(metadata.annotations ?? {}, wanted.annotations, before.annotations),
    spec: Object.fromEntries(
      Object.entries(wanted.spec).flatMap(([name, value]) =>
        isDeepStrictEqual(value, spec[name] === '' ? undefined : spec[name]) ? [] : [[name, value ?? null]],
      ),
    ),
  }
  if (Object.values(changes).every(one => Object.keys(one).length === 0)) return null
  const { spec: fields, ...words } = changes
  return { metadata: words, spec: fields }
}

function wordChanges(now: Words, wanted: Words, before: readonly string[]): Record<string, string | null> {
  const gone = before.filter(name => !Object.hasOwn(wanted, name) && Object.hasOwn(now, name))
  const other = Object.entries(wanted).filter(([name, value]) => now[name] !== value)
  return { ...Object.fromEntries(gone.map(name => [name, null])), ...Object.fromEntries(other) }
}

function propagatedOf(text = '{}'): {
  readonly labels: readonly string[]
  readonly annotations: readonly string[]
} {
  try {
    const { labels, annotations } = JSON.parse(text) as Readonly<Record<string, unknown>>
    return { labels: textsOf(labels), annotations: textsOf(annotations) }
  } catch {
    return { labels: [], annotations: [] }
  }
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : []
}
