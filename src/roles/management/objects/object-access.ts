import { isKind } from '../../../model/kind.ts'
import type { Resource, ResourceRef } from '../../../model/resource.ts'
import { refKey, refOf, shortName } from '../../../model/resources.ts'
import type { Actor } from '../access/actor.ts'
import { PLATFORM } from '../access/scope.ts'
import { forbidden } from '../api/allow.ts'
import type { ManagementApi } from '../api/context.ts'
import { objectScope, ORGANIZATION_LABEL } from '../api/object-scope.ts'
import { API } from '../kinds/api.ts'
import { Product } from '../kinds/product.ts'

/** An object as it is and as it is to be. */
export interface ObjectWrite {
  readonly before: Resource | null
  readonly after: Resource | null
  /** Of what cannot be read any more. */
  readonly ref?: ResourceRef
  /** What is written together with it, by key. */
  readonly set: ReadonlyMap<string, Resource>
}

/**
 * Throws unless who asks may. Kinds of other roles are the platform's: what a route or a certificate does reaches
 * everybody. Those of management are of an organization and a team, before and after; and what they name (routes of an
 * API, APIs of a product, targets of a policy) must be of the same, or one team could put its rules on another's.
 */
export function mayWriteObject(api: ManagementApi, actor: Actor, write: ObjectWrite): void {
  const { before, after, set } = write
  const some = after ?? before
  const ref = some === null ? write.ref : refOf(some)
  const what = ref === undefined ? 'this object' : shortName(ref)
  const role = ref && api.kinds.find(ref.group, ref.kind)?.role
  if (role !== 'management') {
    if (!actor.can('routes:write', PLATFORM))
      throw forbidden('routes:write', `the platform, whose ${what} is`)
    return
  }
  if (actor.can('apis:write', PLATFORM)) return
  for (const resource of [before, after])
    if (resource !== null && !actor.can('apis:write', objectScope(api, resource)))
      throw forbidden('apis:write', `the organization or team of ${what}`)
  if (some === null) throw forbidden('apis:write', what)
  for (const named of namedBy(after)) {
    const target = set.get(refKey(named)) ?? api.declared()?.resources.find(refKey(named))
    if (target === undefined || isForAll(target) || !actor.can('apis:write', objectScope(api, target)))
      throw forbidden('apis:write', `${shortName(named)}, which ${what} names`)
  }
}

/** Whether somebody may write an object of the store, and so may see all of it. */
export function isWritable(
  api: ManagementApi,
  actor: Actor,
  { group, kind }: Pick<ResourceRef, 'group' | 'kind'>,
  resource: Resource | null,
): boolean {
  if (api.kinds.find(group, kind)?.role !== 'management') return actor.can('routes:write', PLATFORM)
  return actor.can('apis:write', resource === null ? PLATFORM : objectScope(api, resource))
}

/** Requests of all organizations come in by a Gateway or ListenerSet that is not said to be of one. */
function isForAll({ kind, metadata: { labels = {} } }: Resource): boolean {
  return (kind === 'Gateway' || kind === 'ListenerSet') && labels[ORGANIZATION_LABEL] === undefined
}

function plansOf({ body: { spec } }: Product): readonly string[] {
  const { plans = [], anonymousPlan } = spec
  return [...plans, ...(anonymousPlan === undefined ? [] : [anonymousPlan])].map(({ name }) => name)
}

/** The objects whose requests it would have a say in. */
function namedBy(resource: Resource | null): readonly ResourceRef[] {
  if (resource === null) return []
  const { namespace } = resource.metadata
  const own = (group: string, kind: string, name: string): ResourceRef => ({ group, kind, namespace, name })
  if (isKind(resource, API))
    return resource.body.spec.routeRefs.map(({ kind = 'HTTPRoute', name }) =>
      own('gateway.networking.k8s.io', kind, name),
    )
  if (isKind(resource, Product))
    return [
      ...resource.body.spec.apis.map(({ name }) => own(API.group, 'API', name)),
      ...plansOf(resource).map(name => own(API.group, 'Plan', name)),
    ]
  const { spec } = resource.body as {
    readonly spec?: { readonly targetRefs?: readonly Omit<ResourceRef, 'namespace'>[] }
  }
  return (spec?.targetRefs ?? []).map(({ group, kind, name }) => own(group, kind, name))
}
