import { groupOf, type KindMap, type KindName } from './kinds.ts'
import type { Resource, ResourceKey, ResourceRef } from './resource.ts'

/** `HTTPRoute/default/items`; cluster-scoped objects have an empty middle: `GatewayClass//portcullis`. */
export function keyOf(resource: Resource): ResourceKey {
  return refKey({ kind: resource.kind, namespace: resource.metadata.namespace, name: resource.metadata.name })
}

/** As keyOf, of the parts. */
export function refKey(ref: Pick<ResourceRef, 'kind' | 'namespace' | 'name'>): ResourceKey {
  return `${ref.kind}/${ref.namespace}/${ref.name}`
}

export function refOf(resource: Resource): ResourceRef {
  const { namespace, name } = resource.metadata
  return { group: groupOf(resource.apiVersion), kind: resource.kind, namespace, name }
}

/**
 * An immutable set of objects. Order is age first (creationTimestamp, older first), then the order in
 * which they were given; objects without a timestamp, which files give, come after those with one.
 */
export class Resources {
  readonly list: readonly Resource[]
  private readonly byKind: ReadonlyMap<string, readonly Resource[]>
  private readonly byKey: ReadonlyMap<ResourceKey, Resource>

  private constructor(list: readonly Resource[]) {
    const byKind = new Map<string, Resource[]>()
    const byKey = new Map<ResourceKey, Resource>()
    for (const resource of list) {
      const sameKind = byKind.get(resource.kind)
      if (sameKind) sameKind.push(resource)
      else byKind.set(resource.kind, [resource])
      byKey.set(keyOf(resource), resource)
    }
    this.list = Object.freeze(list)
    this.byKind = byKind
    this.byKey = byKey
    for (const sameKind of byKind.values()) Object.freeze(sameKind)
    Object.freeze(this)
  }

  /** Of several objects with one key the first is taken. */
  static of(list: readonly Resource[]): Resources {
    const seen = new Set<ResourceKey>()
    const unique = list.filter(resource => {
      const key = keyOf(resource)
      return !seen.has(key) && seen.add(key)
    })
    // Stable, so that the order of reading decides among equals.
    return new Resources(unique.toSorted(byAge))
  }

  all<K extends KindName>(kind: K): readonly KindMap[K][] {
    // Objects of a kind's name have passed that kind's schema: validate.ts makes no others.
    return (this.byKind.get(kind) ?? []) as readonly KindMap[K][]
  }

  /** `namespace` is "" for cluster-scoped kinds. */
  get<K extends KindName>(kind: K, namespace: string, name: string): KindMap[K] | undefined {
    return this.byKey.get(refKey({ kind, namespace, name })) as KindMap[K] | undefined
  }
}

function byAge(a: Resource, b: Resource): number {
  return age(a) - age(b)
}

// Infinity − Infinity is NaN, which sort would take for "equal" by chance only: hence a number beyond all dates.
const YOUNGEST = 8.64e15 + 1

function age({ metadata }: Resource): number {
  const ms = metadata.creationTimestamp === undefined ? Number.NaN : Date.parse(metadata.creationTimestamp)
  return Number.isNaN(ms) ? YOUNGEST : ms
}
