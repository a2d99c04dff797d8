import type { ResourceKind } from '../model/kind.ts'
import { ReferenceGrant } from '../model/kinds/reference-grant.ts'
import { nearest } from '../model/nearest.ts'
import { formatPosition } from '../model/problem.ts'
import type { FieldPath, Problem, Resource, ResourceRef } from '../model/resource.ts'
import type { Resources } from '../model/resources.ts'
import type { Flaw } from './report.ts'

/** Why something that is referred to is not there, as the parts of a flaw. */
export type Absence = Pick<Flaw, 'message' | 'follows'>

/** How many names are compared for proposals in one set of resources: whoever has more of them wrong has other troubles. */
const MOST_COMPARED = 200_000
const compared = new WeakMap<Resources, number>()

/**
 * An object that does not exist: refused, which is told elsewhere; or likely another one, which is named with its
 * place; or in what cannot be read. `namespace` is "" for cluster-scoped kinds. Of a namespace that whoever refers to
 * it may not look into (`closed`) no other name is told.
 */
export function missing(
  resources: Resources,
  kind: ResourceKind,
  namespace: string,
  name: string,
  closed = false,
): Absence {
  const what = `${kind.kind} ${namespace === '' ? name : `${namespace}/${name}`}`
  const refusal = resources.refusal(kind, namespace, name)
  if (refusal !== null) return { message: `${what} is refused${see(refusal)}`, follows: true }
  const meant = closed ? null : nearestOf(resources, kind, namespace, name)
  if (meant !== null) return { message: `${what} does not exist${meant}` }
  if (resources.unread === null) return { message: `${what} does not exist` }
  return { message: `${what} is not in what can be read${see(resources.unread)}`, follows: true }
}

function nearestOf(resources: Resources, kind: ResourceKind, namespace: string, name: string): string | null {
  const done = compared.get(resources) ?? 0
  // Before anything is looked for, which costs as much for each of thousands.
  if (done > MOST_COMPARED) return null
  const own = resources.all(kind).filter(({ metadata }) => metadata.namespace === namespace)
  compared.set(resources, done + own.length)
  if (done + own.length > MOST_COMPARED) return null
  const found = nearest(
    name,
    own.map(({ metadata }) => metadata.name),
  )
  const object = own.find(({ metadata }) => metadata.name === found)
  return object === undefined ? null : ` (did you mean ${JSON.stringify(found)}, ${placeOf(object)}?)`
}

/** A reference into another namespace that no ReferenceGrant there permits; one that was refused may be the one. */
export function notPermitted(
  resources: Resources,
  { kind, namespace, name }: Omit<ResourceRef, 'group'>,
  from: Pick<ResourceRef, 'kind' | 'namespace'>,
): Absence {
  const message = `no ReferenceGrant in namespace ${namespace} permits ${kind} ${name} to ${several(from.kind)} of ${from.namespace}`
  const refusal = resources.refusalOfAny(ReferenceGrant, namespace)
  if (refusal === null) return { message }
  return {
    message: `${message}; ReferenceGrant ${refusal.resource?.name ?? ''} is refused${see(refusal)}`,
    follows: true,
  }
}

/** `HTTPRoutes`, `TrafficPolicies` */
function several(kind: string): string {
  return kind.endsWith('Policy') ? kind.replace(/y$/, 'ies') : `${kind}s`
}

/** An object of one kind that has the name of one that is missing of another kind, or in another namespace. */
export function namesake(object: Resource | undefined, advice: string): string {
  if (object === undefined) return ''
  const article = /^(HTTP|[AEIOU])/.test(object.kind) ? 'an' : 'a'
  return `; there is ${article} ${object.kind} of this name (${placeOf(object)}): ${advice}`
}

/** A listener or rule of an object, by which a sectionName finds it. */
export interface Section {
  readonly name: string
  readonly path: FieldPath
}

/** ` (did you mean "http", a.yaml:7:7?)`, or which there are, of the sections of an object that has none of that name. */
export function sectionMeant(object: Resource, written: string, sections: readonly Section[]): string {
  const names = sections.map(({ name }) => name)
  const found = sections.find(({ name }) => name === nearest(written, names))
  if (found !== undefined) {
    const at = object.at(found.path)
    return ` (did you mean ${JSON.stringify(found.name)}${at === null ? '' : `, ${formatPosition(at)}`}?)`
  }
  if (names.length === 0) return '; none has a name'
  return `, expected ${names.slice(0, 8).join(' or ')}${names.length > 8 ? ' …' : ''}`
}

function placeOf(object: Resource): string {
  const at = object.at([])
  return at === null ? object.metadata.name : formatPosition(at)
}

/** ` (see a.yaml:7:3)`: where what is to be mended stands. */
export function see({ position }: Pick<Problem, 'position'>): string {
  return position === null ? '' : ` (see ${formatPosition(position)})`
}
