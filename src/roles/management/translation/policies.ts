import { GATEWAY_API, PORTCULLIS, type ResourceKind } from '../../../model/kind.ts'
import type { PolicyTarget } from '../../../model/kinds/shapes.ts'
import type { Resource } from '../../../model/resource.ts'
import { refKey } from '../../../model/resources.ts'
import type { AttachPoint } from '../../../snapshot/contribution.ts'
import { lazy } from '../../../snapshot/memo.ts'
import { missing } from '../../../translation/missing.ts'
import { accept, attachmentsOf, reject, type PolicyAttachment } from '../../../translation/policies.ts'
import { protectedScope } from '../../../translation/policy-target.ts'
import type { Alike } from '../../../translation/slips.ts'
import { API } from '../kinds/api.ts'
import type { ApiState, ApiWorld } from './apis.ts'
import { placesOf, wholeRoutes } from './covers.ts'

/** A policy at one of the places that its target comes to. */
export interface Placed<P extends Resource> {
  readonly policy: P
  readonly at: AttachPoint
  /** What it targets: `Gateway default/front`, `API default/petstore`, which comes to several places. */
  readonly scope: string
  /** Set where an API is targeted. */
  readonly api: ApiState | null
}

type Targeting = Resource<{ readonly spec: { readonly targetRefs: readonly PolicyTarget[] } }>

/**
 * Where all policies of a kind stand, with a condition for each target. Those of APIs come first: a route is nearer.
 * `alike` are APIs at which something else does what the policies of the kind do.
 */
export function placed<P extends Targeting>(
  kind: ResourceKind<P>,
  apis: ReadonlyMap<string, ApiState>,
  world: ApiWorld,
  alike: readonly ApiState[] = [],
): readonly Placed<P>[] {
  const attachments = attachmentsOf(world.resources.all(kind))
  const others = lazy(() => [...attachments, ...byApis(attachments, apis, alike)])
  const all = attachments.flatMap(attachment =>
    isOfApi(attachment.target) ? onApi(attachment, apis, world) : onRequests(attachment, others, world),
  )
  return all.toSorted((a, b) => Number(a.api === null) - Number(b.api === null))
}

export function isOfApi({ group, kind }: { readonly group: string | null; readonly kind: string }): boolean {
  return group === PORTCULLIS && kind === API.kind
}

/** What the policies of APIs are for, as if they named the routes themselves. */
function byApis<P extends Targeting>(
  attachments: readonly PolicyAttachment<P>[],
  apis: ReadonlyMap<string, ApiState>,
  alike: readonly ApiState[],
): PolicyAttachment<Resource>[] {
  const named = attachments.flatMap(({ policy, target }) =>
    isOfApi(target) ? (apis.get(targetKey(policy, target)) ?? []) : [],
  )
  const covers = [...new Set([...named, ...alike])].flatMap(state => state.covers)
  return wholeRoutes(covers).map(route => ({
    policy: route,
    target: { group: GATEWAY_API, kind: route.kind, name: route.metadata.name },
    path: [],
  }))
}

function targetKey({ metadata: { namespace } }: Resource, { group, kind, name }: PolicyTarget): string {
  return refKey({ group, kind, namespace, name })
}

function onApi<P extends Targeting>(
  attachment: PolicyAttachment<P>,
  apis: ReadonlyMap<string, ApiState>,
  { resources, report }: ApiWorld,
): Placed<P>[] {
  const { policy, target } = attachment
  const api = apis.get(targetKey(policy, target))
  if (api === undefined) {
    const absence = missing(resources, API, policy.metadata.namespace, target.name)
    reject(attachment, report, 'TargetNotFound', absence)
    return []
  }
  const scope = `API ${api.name}`
  accept(attachment, report, `attached to ${scope}`)
  return api.covers.flatMap(cover => placesOf(cover).map(at => ({ policy, at, scope, api })))
}

function onRequests<P extends Targeting>(
  attachment: PolicyAttachment<P>,
  alike: Alike,
  world: ApiWorld,
): Placed<P>[] {
  const target = protectedScope(attachment, world, alike)
  if (target === null) return []
  accept(attachment, world.report, `attached to ${target.what}`)
  return [{ policy: attachment.policy, at: target.at, scope: target.what, api: null }]
}
