import type { ResourceRef } from '../model/resource.ts'
import { ReferenceGrant } from '../model/kinds/reference-grant.ts'
import type { Resources } from '../model/resources.ts'

/** Who refers: a kind in a namespace. */
export type Referrer = Pick<ResourceRef, 'group' | 'kind' | 'namespace'>

/** ReferenceGrants, by the namespace that gives them. */
export class Grants {
  private readonly byNamespace = new Map<string, ReferenceGrant[]>()

  constructor(resources: Resources) {
    for (const grant of resources.all(ReferenceGrant)) {
      const { namespace } = grant.metadata
      const grants = this.byNamespace.get(namespace)
      if (grants === undefined) this.byNamespace.set(namespace, [grant])
      else grants.push(grant)
    }
  }

  /** Within a namespace always; across namespaces where one grant has both a fitting `from` and a fitting `to`. */
  permit(from: Referrer, to: ResourceRef): boolean {
    if (from.namespace === to.namespace) return true
    return (this.byNamespace.get(to.namespace) ?? []).some(
      ({ body: { spec } }) =>
        spec.from.some(
          f => f.group === from.group && f.kind === from.kind && f.namespace === from.namespace,
        ) &&
        spec.to.some(
          t => t.group === to.group && t.kind === to.kind && (t.name === undefined || t.name === to.name),
        ),
    )
  }
}
