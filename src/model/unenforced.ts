import { isSwitchedOff, type AbsentKind } from './absent.ts'
import { groupOf, PORTCULLIS, type ResourceKind } from './kind.ts'
import type { Kinds } from './kinds.ts'
import { nearest } from './nearest.ts'
import type { Problem, Resource } from './resource.ts'
import { labelsOf, targetingOf, type Unenforced } from './targeting.ts'
import type { Targeting } from './targets.ts'
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
  kinds: Kinds,
): Unenforced | null {
  const [problem] = problems
  if (problem === undefined) return null
  // What does not say what it is may protect as well.
  const unnamed = typeof fieldOf(document, 'kind') !== 'string'
  const resource = rawResource(document, at)
  const absent = kind ? undefined : kinds.absent(groupOf(resource.apiVersion), resource.kind)
  if (protectsNothing(kind ?? absent)) return null
  if (kind === undefined && absent === undefined && isSettings(resource, kinds)) return null
  const { namespace } = resource.metadata
  const spec = fieldOf(document, 'spec')
  const unclear = namespace === '' || hasMisplacedTargets(document)
  const own = (kind ?? absent)?.targets
  const read = unclear
    ? 'unreadable'
    : own
      ? (own(spec, namespace) ?? 'unreadable')
      : targetingOf(spec, namespace)
  const workload = read === 'none' ? workloadOf(resource, spec) : null
  // A kind that we know is for something, also where it does not say for what.
  if (read === 'none' && workload === null && kind === undefined && absent?.protects !== 'yes') return null
  const targeting = read === 'none' || read === 'unreadable' ? workload : read
  return Object.freeze({
    resource,
    problem,
    broken: kind !== undefined || unnamed,
    known: kind !== undefined,
    targeting,
    ...(absent && { absent }),
  })
}

/** Of a kind that is known; false for every other. */
function protectsNothing(kind: ResourceKind | AbsentKind | undefined): boolean {
  if (kind === undefined) return false
  return 'roles' in kind ? kind.protects === 'no' || isSwitchedOff(kind) : !kind.protects
}

/** A line that is indented too little puts targets beside the spec: what they were for cannot be told. */
function hasMisplacedTargets(document: unknown): boolean {
  const fields = ['targetRef', 'targetRefs', 'targetSelector', 'targetSelectors']
  return fields.some(field => fieldOf(document, field) !== undefined)
}

const istioKinds = ['AuthorizationPolicy', 'PeerAuthentication', 'RequestAuthentication']

/** Istio's policies without targets are for workloads, and are enforced beside those. */
function workloadOf({ apiVersion, kind }: Resource, spec: unknown): Targeting | null {
  if (groupOf(apiVersion) !== 'security.istio.io' || !istioKinds.includes(kind)) return null
  const workload = labelsOf(fieldOf(fieldOf(spec, 'selector'), 'matchLabels')) ?? {}
  return { refs: [], selectors: [], workload }
}

/** Likely one of our kinds that only set something, with a mistake in its name. */
function isSettings({ apiVersion, kind }: Resource, kinds: Kinds): boolean {
  const group = groupOf(apiVersion)
  if (group !== PORTCULLIS) return false
  const meant = nearest(kind, kinds.announced)
  return kinds.all.some(one => one.kind === meant && one.group === PORTCULLIS && !one.protects)
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

/**
 * What a text that cannot be read may have been there to protect: null unless it speaks of targets. Its kind and its
 * names are looked for by their fields, and where it names several namespaces it may be in any.
 */
export function unreadOf(part: string, problem: Problem, kinds: Kinds): Unenforced | null {
  if (!/\btarget(Ref|Selector)s?"?\s*:/.test(part)) return null
  const kind = first(part, /\bkind"?\s*:\s*"?([A-Za-z0-9]+)/)
  const apiVersion = first(part, /\bapiVersion"?\s*:\s*"?([a-z0-9./-]+)/)
  const known = kinds.find(groupOf(apiVersion), kind)
  if (protectsNothing(known ?? kinds.absent(groupOf(apiVersion), kind))) return null
  const namespaces = new Set(
    Array.from(part.matchAll(/\bnamespace"?\s*:\s*"?([a-z0-9-]+)/g), match => match[1] ?? ''),
  )
  const [only = 'default', ...others] = namespaces
  const metadata = {
    name: first(part, /\bname"?\s*:\s*"?([a-z0-9.-]+)/),
    namespace: others.length > 0 ? '' : only,
  }
  const resource = { apiVersion, kind, metadata, body: {}, at: () => problem.position }
  return { resource, problem, broken: true, known: known !== undefined, targeting: null }
}

function first(part: string, pattern: RegExp): string {
  return pattern.exec(part)?.[1] ?? ''
}
