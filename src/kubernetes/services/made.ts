import type { ResourceRef } from '../../model/resource.ts'
import {
  DEPLOYMENT_LABEL,
  GATEWAY_ANNOTATION,
  gatewayKeyOf,
  isMadeBy,
  labelValue,
  type GatewayServiceSettings,
  type GatewayServiceWant,
} from '../../translation/gateway-services.ts'

type Words = Readonly<Record<string, string>>

/** Labels and annotations of what is made for a Gateway. */
export interface WantedWords {
  readonly labels: Words
  readonly annotations: Words
}

interface Labelled {
  readonly metadata: { readonly labels?: Words; readonly annotations?: Words }
}

/** Names of what was taken over from `spec.infrastructure`, to be taken away when it goes there. */
const PROPAGATED = 'portcullis.dev/propagated'
/** Of what stands for a Gateway we say ourselves what it is, and the cluster what it has made of it. */
const KEPT = ['portcullis.dev/', 'deployment.kubernetes.io/']

export const FOREIGN =
  'it is there already, and was not made for this Gateway; it stays as it is until it is deleted'

/** Whether it was made for this Gateway by this deployment. */
export function isMadeFor(
  object: Labelled,
  { namespace, name }: ResourceRef,
  { deployment }: GatewayServiceSettings,
): boolean {
  return isMadeBy(object, deployment) && gatewayKeyOf(object) === `${namespace}/${name}`
}

/** `whose`: the label that says which deployment has made it. */
export function wantedWords(
  want: Pick<GatewayServiceWant, 'gateway' | 'gatewayClass' | 'labels' | 'annotations'>,
  { deployment }: GatewayServiceSettings,
  whose = DEPLOYMENT_LABEL,
): WantedWords {
  const { gateway, gatewayClass } = want
  const [labels, annotations] = [others(want.labels), others(want.annotations)]
  const propagated = { labels: Object.keys(labels).sort(), annotations: Object.keys(annotations).sort() }
  return {
    labels: {
      ...labels,
      'app.kubernetes.io/managed-by': 'portcullis',
      'gateway.networking.k8s.io/gateway-name': labelValue(gateway.name),
      'gateway.networking.k8s.io/gateway-class-name': labelValue(gatewayClass),
      'portcullis.dev/gateway-namespace': gateway.namespace,
      [whose]: deployment,
    },
    annotations: {
      ...annotations,
      [GATEWAY_ANNOTATION]: `${gateway.namespace}/${gateway.name}`,
      [PROPAGATED]: JSON.stringify(propagated),
    },
  }
}

function others(words: Words): Words {
  return Object.fromEntries(
    Object.entries(words).filter(([name]) => !KEPT.some(prefix => name.startsWith(prefix))),
  )
}

/** The part of a merge patch by which an object has these words; what others have added stays. */
export function wordsPatch({ labels, annotations }: WantedWords, { metadata }: Labelled) {
  const before = propagatedOf(metadata.annotations?.[PROPAGATED])
  return {
    labels: wordChanges(metadata.labels ?? {}, labels, before.labels),
    annotations: wordChanges(metadata.annotations ?? {}, annotations, before.annotations),
  }
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
