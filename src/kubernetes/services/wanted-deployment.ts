import { isDeepStrictEqual } from 'node:util'
import { formatBytes, quantityBytes } from '../../model/quantity.ts'
import { DATA_PLANE_LABEL, type Amounts, type DataPlane } from '../../translation/data-planes.ts'
import type { GatewayServiceSettings, GatewayServiceWant } from '../../translation/gateway-services.ts'
import type { Container, Deployment, DeploymentSpec, PodSpec, PodTemplate } from './deployments.ts'
import { wantedWords, wordsPatch, type WantedWords } from './made.ts'

type Words = Readonly<Record<string, string>>

/** A Gateway that has Pods of its own. */
export interface DataPlaneWant extends Omit<GatewayServiceWant, 'dataPlane'> {
  readonly dataPlane: DataPlane
}

/** The deployment whose Pods all others are like, and the labels by which its Service finds them. */
export interface DeploymentTemplate {
  readonly deployment: Deployment
  readonly selector: Words
}

/** What a Deployment is to say, without what only a new one is given. */
export interface WantedDeployment extends WantedWords {
  readonly spec: DeploymentSpec
}

/** By what name it is called in deploy/, and in the chart. */
const CONTAINER = 'portcullis'
/** The variable of --only-gateway. */
const ONLY_GATEWAY = 'PORTCULLIS_ONLY_GATEWAY'
/** Set by `kubectl rollout restart`. */
const RESTARTED = 'kubectl.kubernetes.io/restartedAt'
const COPIED = ['strategy', 'minReadySeconds', 'progressDeadlineSeconds', 'revisionHistoryLimit']

/** Pure; a text where it cannot be made of the template. */
export function wantedDeployment(
  want: DataPlaneWant,
  template: DeploymentTemplate,
  settings: GatewayServiceSettings,
): WantedDeployment | string {
  const { spec } = template.deployment
  const pods = podTemplate(want, template)
  if (typeof pods === 'string') return pods
  const { replicas } = want.dataPlane
  return {
    ...wantedWords(want, settings),
    spec: {
      ...Object.fromEntries(COPIED.flatMap(name => (spec[name] === undefined ? [] : [[name, spec[name]]]))),
      ...(replicas !== null && { replicas }),
      selector: { matchLabels: selectorOf(want.name) },
      template: pods,
    },
  }
}

export function selectorOf(name: string): Words {
  return { [DATA_PLANE_LABEL]: name }
}

/**
 * Labels by which the deployment, or its Service, finds Pods are left out. `spec.infrastructure` comes no further than the
 * Deployment: by labels of theirs, Gateways would have the Services of others in this namespace lead to their Pods.
 */
function podTemplate(
  want: DataPlaneWant,
  { deployment, selector }: DeploymentTemplate,
): PodTemplate | string {
  const { metadata = {}, spec = {} } = deployment.spec.template ?? {}
  const found = { ...deployment.spec.selector?.matchLabels, ...selector }
  const labels = Object.entries(metadata.labels ?? {}).filter(([name]) => !Object.hasOwn(found, name))
  const pod = podSpec(want, spec, deployment.spec.selector?.matchLabels ?? {})
  if (typeof pod === 'string') return pod
  return {
    metadata: { ...metadata, labels: { ...Object.fromEntries(labels), ...selectorOf(want.name) } },
    spec: pod,
  }
}

function podSpec({ gateway, name, dataPlane }: DataPlaneWant, spec: PodSpec, own: Words): PodSpec | string {
  const { containers = [], nodeSelector, topologySpreadConstraints: spread } = spec
  const serving = containers.find(one => one.name === CONTAINER) ?? containers[0]
  if (!serving?.args?.length)
    return 'the container of the deployment has no args, to which --only-gateway could be added'
  const { workers } = dataPlane
  const args = [
    ...(workers === null ? serving.args : [...without('--workers', serving.args), `--workers=${workers}`]),
    `--only-gateway=${gateway.namespace}/${gateway.name}`,
  ]
  // Also where a shell is between, which drops args.
  const env = [
    ...(serving.env ?? []).filter(({ name: variable }) => variable !== ONLY_GATEWAY),
    { name: ONLY_GATEWAY, value: `${gateway.namespace}/${gateway.name}` },
  ]
  const container: Container = { ...serving, args, env, resources: resourcesOf(dataPlane, serving) }
  for (const [label, value] of Object.entries(dataPlane.nodeSelector)) {
    const pinned = nodeSelector?.[label] ?? value
    if (pinned !== value)
      return `its nodes are to have ${label}=${value}, and those of the deployment ${label}=${pinned}`
  }
  const nodes = { ...nodeSelector, ...dataPlane.nodeSelector }
  return {
    ...spec,
    containers: containers.map(one => (one === serving ? container : one)),
    ...(Object.keys(nodes).length > 0 && { nodeSelector: nodes }),
    ...(spread && {
      topologySpreadConstraints: spread.map(one =>
        isDeepStrictEqual(one['labelSelector'], { matchLabels: own })
          ? { ...one, labelSelector: { matchLabels: selectorOf(name) } }
          : one,
      ),
    }),
  }
}

/** No flag may be given twice. */
function without(flag: string, args: readonly string[]): readonly string[] {
  return args.filter((one, i) => one !== flag && args[i - 1] !== flag && !one.startsWith(`${flag}=`))
}

function resourcesOf({ requests, limits }: DataPlane, { resources = {} }: Container) {
  const merged = (before: Readonly<Record<string, unknown>> | undefined, own: Amounts) => {
    const all = { ...before, ...canonical(own) }
    return Object.keys(all).length === 0 ? undefined : all
  }
  const [asked, most] = [merged(resources.requests, requests), merged(resources.limits, limits)]
  return { ...resources, ...(asked && { requests: asked }), ...(most && { limits: most }) }
}

/** As an API server writes them back: what is there is compared by its text. */
function canonical({ cpu, memory }: Amounts): Words {
  return {
    ...(cpu !== undefined && { cpu: processorsOf(cpu) }),
    ...(memory !== undefined && { memory: bytesOf(memory) }),
  }
}

function processorsOf(cpu: number | string): string {
  const text = String(cpu)
  const milli = text.endsWith('m') ? Number(text.slice(0, -1)) : Math.round(Number(text) * 1000)
  if (milli % 1000 !== 0) return `${milli}m`
  return milli > 0 && milli % 1_000_000 === 0 ? `${milli / 1_000_000}k` : String(milli / 1000)
}

function bytesOf(memory: number | string): string {
  const bytes = quantityBytes(memory) ?? 0
  if (String(memory).endsWith('i')) return String(formatBytes(bytes))
  const thousands = ['P', 'T', 'G', 'M', 'k']
  const i = thousands.findIndex((_, at) => bytes > 0 && bytes % 1000 ** (thousands.length - at) === 0)
  return i < 0 ? String(bytes) : `${bytes / 1000 ** (thousands.length - i)}${thousands[i] ?? ''}`
}

/** A new one, with as many Pods as the deployment has where nobody says how many. It goes with the deployment. */
export function newDeployment(
  name: string,
  { labels, annotations, spec }: WantedDeployment,
  { deployment: { metadata, spec: own } }: DeploymentTemplate,
  namespace: string,
): Record<string, unknown> {
  const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name: metadata.name, uid: metadata.uid ?? '' }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace, labels, annotations, ownerReferences: [owner] },
    spec: { ...(own.replicas !== undefined && { replicas: own.replicas }), ...spec },
  }
}

/** policy/v1 PodDisruptionBudget, owned by the Deployment of this uid. */
export function newBudget(name: string, uid: string, namespace: string): Record<string, unknown> {
  const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name, uid }
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name, namespace, ownerReferences: [owner] },
    spec: { maxUnavailable: 1, selector: { matchLabels: selectorOf(name) } },
  }
}

/** The merge patch (RFC 7396) by which a Deployment says what is wanted; null where it does. */
export function deploymentPatch(wanted: WantedDeployment, now: Deployment): Record<string, unknown> | null {
  const words = wordsPatch(wanted, now)
  const { template, ...fields } = wanted.spec
  const ours = new Set([...COPIED, ...Object.keys(fields)])
  const before = Object.fromEntries(Object.entries(now.spec).filter(([name]) => ours.has(name)))
  const others = (patchTo(before, fields) ?? {}) as Readonly<Record<string, unknown>>
  const pods = patchTo(now.spec.template, restartedAsNow(template!, now.spec.template))
  const spec = { ...others, ...(pods !== undefined && { template: pods }) }
  const isSame = [words.labels, words.annotations, spec].every(one => Object.keys(one).length === 0)
  return isSame ? null : { metadata: words, spec }
}

/** Whoever restarts these Pods alone is not undone. */
function restartedAsNow(wanted: PodTemplate, now: PodTemplate | undefined): PodTemplate {
  const { annotations } = wanted.metadata ?? {}
  const at = now?.metadata?.annotations?.[RESTARTED]
  // Each says it in the time zone of who ran kubectl.
  if (at === undefined || !(Date.parse(at) > (Date.parse(annotations?.[RESTARTED] ?? '') || 0))) return wanted
  return { ...wanted, metadata: { ...wanted.metadata, annotations: { ...annotations, [RESTARTED]: at } } }
}

/** RFC 7396: makes `now` say `wanted` and no more; undefined where it does. Lists are replaced whole. */
function patchTo(now: unknown, wanted: unknown): unknown {
  if (isDeepStrictEqual(now, wanted)) return undefined
  if (!isFields(now) || !isFields(wanted)) return wanted
  const names = [...new Set([...Object.keys(now), ...Object.keys(wanted)])]
  return Object.fromEntries(
    names.flatMap(name => {
      if (wanted[name] === undefined) return now[name] === undefined ? [] : [[name, null]]
      const change = patchTo(now[name], wanted[name])
      return change === undefined ? [] : [[name, change]]
    }),
  )
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
