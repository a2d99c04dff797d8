import { groupOf } from './kind.ts'
import type { AbsentKind } from './absent.ts'
import type { FieldPath, Problem, Resource } from './resource.ts'
import type { MatchLabels, Named, Targeting, TargetRef, TargetSelector } from './targets.ts'
import { fieldOf } from './words.ts'

/**
 * An object that is not in force here, and may be there to protect what it targets: of a kind that nobody here knows, or
 * of a role that does not run, or broken and without a last good version.
 */
export interface Unenforced {
  /** With the body as it was written. */
  readonly resource: Resource
  /** What is wrong with it; a warning where its kind is somebody else's. */
  readonly problem: Problem
  readonly broken: boolean
  /** Whether its kind is one that is read here. */
  readonly known: boolean
  /** Set where its kind is one of a role that does not run here. */
  readonly absent?: AbsentKind
  /** Null where it cannot be read. */
  readonly targeting: Targeting | null
}

/**
 * What a spec targets, in the forms that there are: GEP-713's `targetRefs`, `targetRef` as it was before, and the
 * `targetSelectors` of Envoy Gateway and kgateway. `none` where it has none of these fields, `unreadable` where what
 * is in them cannot be read: it may then be for anything.
 */
export function targetingOf(spec: unknown, namespace: string): Targeting | 'none' | 'unreadable' {
  const refs = fields(spec, 'targetRef', 'targetRefs').map(([ref, path]) => refOf(ref, namespace, path))
  const selectors = fields(spec, 'targetSelector', 'targetSelectors').map(([selector, path]) =>
    selectorOf(selector, namespace, path),
  )
  const readRefs = refs.flatMap(ref => ref ?? [])
  const readSelectors = selectors.flatMap(selector => selector ?? [])
  if (readRefs.length < refs.length || readSelectors.length < selectors.length) return 'unreadable'
  return refs.length + selectors.length === 0 ? 'none' : { refs: readRefs, selectors: readSelectors }
}

/**
 * What a spec says by a list of names in a field of its own, in place of targetRefs: each is the item's fields over
 * `rest`. Null where one of them cannot be read.
 */
export function namedTargets(
  spec: unknown,
  field: string,
  namespace: string,
  rest: { readonly group: string; readonly kind: string },
): Targeting | null {
  const list = fieldOf(spec, field)
  if (!Array.isArray(list)) return null
  const refs = list.map((item: unknown, i) =>
    typeof item === 'object' && item !== null
      ? refOf({ ...rest, ...item, group: rest.group, namespace }, namespace, ['spec', field, i])
      : null,
  )
  const read = refs.flatMap(ref => ref ?? [])
  return read.length < refs.length ? null : { refs: read, selectors: [] }
}

/** The value of the one field, and the items of the other, with their paths. */
function fields(spec: unknown, one: string, many: string): (readonly [unknown, FieldPath])[] {
  const single = fieldOf(spec, one)
  const list = fieldOf(spec, many)
  const items = Array.isArray(list)
    ? list.map((item: unknown, i) => [item, ['spec', many, i]] as const)
    : list === undefined
      ? []
      : [[list, ['spec', many]] as const]
  return single === undefined ? items : [[single, ['spec', one]], ...items]
}

function named(value: unknown, path: FieldPath): Named | null {
  const kind = fieldOf(value, 'kind')
  const group = fieldOf(value, 'group') ?? groupOfVersion(fieldOf(value, 'apiVersion'))
  const sectionName = fieldOf(value, 'sectionName')
  if (typeof kind !== 'string' || kind === '') return null
  if (group !== null && typeof group !== 'string') return null
  if (sectionName !== undefined && typeof sectionName !== 'string') return null
  // Kubernetes' own name for the group that is "".
  const known = group === 'core' ? '' : group
  return { group: known, kind, path, ...(sectionName === undefined ? {} : { sectionName }) }
}

function groupOfVersion(apiVersion: unknown): string | null {
  return typeof apiVersion === 'string' ? groupOf(apiVersion) : null
}

function refOf(value: unknown, home: string, path: FieldPath): TargetRef | null {
  const target = named(value, path)
  const name = fieldOf(value, 'name')
  const namespace = fieldOf(value, 'namespace') ?? home
  if (target === null || typeof name !== 'string' || name === '' || typeof namespace !== 'string') return null
  return { ...target, namespace: namespace === '' ? home : namespace, name }
}

/** Expressions, and other namespaces by their labels, are not judged: what they might select counts as selected. */
function selectorOf(value: unknown, home: string, path: FieldPath): TargetSelector | null {
  const target = named(value, path)
  const labels = labelsOf(fieldOf(value, 'matchLabels'))
  const from = fieldOf(fieldOf(value, 'namespaces'), 'from') ?? 'Same'
  return target === null || labels === null
    ? null
    : { ...target, namespace: from === 'Same' ? home : null, labels }
}

/** Null where it is no map of text. */
export function labelsOf(value: unknown): MatchLabels | null {
  if (value === undefined) return {}
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  const entries = Object.entries(value)
  return entries.every(isText) ? Object.fromEntries(entries) : null
}

function isText(entry: [string, unknown]): entry is [string, string] {
  return typeof entry[1] === 'string'
}
