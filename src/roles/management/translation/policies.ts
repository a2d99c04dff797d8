import { PORTCULLIS, type ResourceKind } from '../../../model/kind.ts'
import type { PolicyTarget } from '../../../model/kinds/shapes.ts'
import type { Resource } from '../../../model/resource.ts'
import { refKey } from '../../../model/resources.ts'
import type { AttachPoint } from '../../../snapshot/contribution.ts'
import { missing } from '../../../translation/missing.ts'
import { accept, attachmentsOf, reject, type PolicyAttachment } from '../../../translation/policies.ts'
import { protectedScope } from '../../../translation/policy-target.ts'
import { API } from '../kinds/api.ts'
import type { ApiState, ApiWorld } from './apis.ts'
import { placesOf } from './covers.ts'

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

/** Where all policies of a kind stand, with a condition for each target. Those of APIs come first: a route is nearer. */
export function placed<P extends Targeting>(
  kind: ResourceKind<P>,
  apis: ReadonlyMap<string, ApiState>,
  world: ApiWorld,
): readonly Placed<P>[] {
  const all = attachmentsOf(world.resources.all(kind)).flatMap(attachment =>
    isOfApi(attachment.target) ? onApi(attachment, apis, world) : onRequests(attachment, kind, world),
  )
  return all.toSorted((a, b) => Number(a.api === null) - Number(b.api === null))
}

export function isOfApi({ group, kind }: { readonly group: string | null; readonly kind: string }): boolean {
  return group === PORTCULLIS && kind === API.kind
}

function onApi<P extends Targeting>(
  attachment: PolicyAttachment<P>,
  apis: ReadonlyMap<string, ApiState>,
  { resources, report }: ApiWorld,
): Placed<P>[] {
  const { policy, target } = attachment
  const { namespace } = policy.metadata
  const { group, kind, name } = target
  const api = apis.get(refKey({ group, kind, namespace, name }))
  if (api === undefined) {
    reject(attachment, report, 'TargetNotFound', missing(resources, API, namespace, name))
    return []
  }
  const scope = `API ${api.name}`
  accept(attachment, report, `attached to ${scope}`)
  return api.covers.flatMap(cover => placesOf(cover).map(at => ({ policy, at, scope, api })))
}

function onRequests<P extends Targeting>(
  attachment: PolicyAttachment<P>,
  kind: ResourceKind<P>,
  world: ApiWorld,
): Placed<P>[] {
  const target = protectedScope(attachment, world, () => attachmentsOf(world.resources.all(kind)))
  if (target === null) return []
  accept(attachment, world.report, `attached to ${target.what}`)
  return [{ policy: attachment.policy, at: target.at, scope: target.what, api: null }]
}
