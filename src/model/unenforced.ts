import { isLater } from './kinds/instead.ts'
import { groupOf, type ResourceKind } from './kinds.ts'
import { nearest } from './nearest.ts'
import type { Problem, Resource } from './resource.ts'
import { labelsOf, targetingOf, type Targeting, type Unenforced } from './targeting.ts'
import { fieldOf } from './words.ts'

/**
 * What a declaration has that is not in force and may protect something; null for everything else. `kind` is that of
 * ours, where it is of one; `problems` are what was found wrong with it.
 */
export function unenforcedOf(
  document: unknown,
  kind: ResourceKind | undefined,
  problems: readonly Problem[],
  at: Resource['at'],
): Unenforced | null {
  const [problem] = problems
  if (problem === undefined || typeof fieldOf(document, 'kind') !== 'string') return null
  if (kind !== undefined && !kind.protects) return null
  const resource = rawResource(document, at)
  if (kind === undefined && isSettings(resource)) return null
  const { namespace } = resource.metadata
  const spec = fieldOf(document, 'spec')
  const read = namespace === '' ? 'unreadable' : targetingOf(spec, namespace)
  const workload = read === 'none' ? workloadOf(resource, spec) : null
  // A kind that we know is for something, also where it does not say for what.
  if (read === 'none' && workload === null && kind === undefined) return null
  const targeting = read === 'none' || read === 'unreadable' ? workload : read
  return Object.freeze({ resource, problem, broken: kind !== undefined, targeting })
}

const istioKinds = ['AuthorizationPolicy', 'PeerAuthentication', 'RequestAuthentication']

/** Istio's policies without targets are for workloads, and are enforced beside those. */
function workloadOf({ apiVersion, kind }: Resource, spec: unknown): Targeting | null {
  if (groupOf(apiVersion) !== 'security.istio.io' || !istioKinds.includes(kind)) return null
  const workload = labelsOf(fieldOf(fieldOf(spec, 'selector'), 'matchLabels')) ?? {}
  return { refs: [], selectors: [], workload }
}

/** Likely one of our kinds that only set something, with a mistake in its name. */
function isSettings({ apiVersion, kind }: Resource): boolean {
  const group = groupOf(apiVersion)
  if (group !== 'portcullis.dev' || isLater(group, kind)) return false
  return nearest(kind, ['Backend', 'BackendPolicy', 'ClientPolicy']) !== undefined
}

/** As it was written; the namespace is "" where it cannot be told. */
function rawResource(document: unknown, at: Resource['at']): Resource {
  const metadata = fieldOf(document, 'metadata')
  const namespace = fieldOf(metadata, 'namespace')
  return Object.freeze({
    apiVersion: text(fieldOf(document, 'apiVersion')),
    kind: text(fieldOf(document, 'kind')),
    metadata: Object.freeze({
      name: text(fieldOf(metadata, 'name')),
      namespace: namespace === undefined || namespace === '' ? 'default' : text(namespace),
    }),
    body: Object.freeze({ spec: fieldOf(document, 'spec') }),
    at,
  })
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
