import { groupOf, groupOfKind, type KindMap, type KindName } from './kinds.ts'
import type { Problem, Resource, ResourceKey, ResourceRef } from './resource.ts'
import type { Unenforced } from './targeting.ts'

/** As refKey, of an object. */
export function keyOf(resource: Resource): ResourceKey {
  return refKey(refOf(resource))
}

/**
 * `HTTPRoute.gateway.networking.k8s.io/default/items`, as kubectl names a kind and its group; core kinds are bare, and
 * cluster-scoped objects have an empty middle: `Namespace//shop`.
 */
export function refKey(ref: ResourceRef): ResourceKey {
  return `${qualifiedKind(ref)}/${ref.namespace}/${ref.name}`
}

/** `SecurityPolicy.gateway.envoyproxy.io`, `Service`. */
export function qualifiedKind({ group, kind }: Pick<ResourceRef, 'group' | 'kind'>): string {
  return group === '' ? kind : `${kind}.${group}`
}

/** `HTTPRoute/default/items`: for people, who know the group. */
export function shortName({ kind, namespace, name }: Omit<ResourceRef, 'group'>): string {
  return `${kind}/${namespace}/${name}`
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
  /** Beside them, what is not in force. */
  readonly unenforced: readonly Unenforced[]
  /** The first error of a text that cannot be read: any object may have stood there. */
  readonly unread: Problem | null
  private readonly byKind: ReadonlyMap<string, readonly Resource[]>
  private readonly byKey: ReadonlyMap<ResourceKey, Resource>
  private readonly errors: ReadonlyMap<ResourceKey, Problem>

  private constructor(
    list: readonly Resource[],
    unenforced: readonly Unenforced[],
    problems: readonly Problem[],
  ) {
    const byKind = new Map<string, Resource[]>()
    const byKey = new Map<ResourceKey, Resource>()
    for (const resource of list) {
      const ref = refOf(resource)
      const kind = qualifiedKind(ref)
      const sameKind = byKind.get(kind)
      if (sameKind) sameKind.push(resource)
      else byKind.set(kind, [resource])
      byKey.set(refKey(ref), resource)
    }
    this.list = Object.freeze(list)
    this.unenforced = Object.freeze([...unenforced])
    this.byKind = byKind
    this.byKey = byKey
    const errors = problems.filter(({ severity }) => severity === 'error')
    this.unread = errors.find(({ resource }) => resource === null) ?? null
    this.errors = new Map(
      // Of several the first is to be mended first.
      errors
        .toReversed()
        .flatMap(error => (error.resource === null ? [] : [[refKey(error.resource), error]])),
    )
    for (const sameKind of byKind.values()) Object.freeze(sameKind)
    Object.freeze(this)
  }

  /** Of several objects with one key the first is taken. `problems` are of what else was declared, to tell why something is not there. */
  static of(
    list: readonly Resource[],
    unenforced: readonly Unenforced[] = [],
    problems: readonly Problem[] = [],
  ): Resources {
    const seen = new Set<ResourceKey>()
    const unique = list.filter(resource => {
      const key = keyOf(resource)
      return !seen.has(key) && seen.add(key)
    })
    // Stable, so that the order of reading decides among equals.
    return new Resources(unique.toSorted(byAge), unenforced, problems)
  }

  all<K extends KindName>(kind: K): readonly KindMap[K][] {
    // Objects of a kind have passed its schema: validate.ts makes no others.
    const qualified = qualifiedKind({ group: groupOfKind(kind), kind })
    return (this.byKind.get(qualified) ?? []) as readonly KindMap[K][]
  }

  /** What is wrong with an object that is declared and not there, for it was refused; null where it is not declared. */
  refusal(kind: KindName, namespace: string, name: string): Problem | null {
    const group = groupOfKind(kind)
    return this.errors.get(refKey({ group, kind, namespace, name })) ?? null
  }

  /** Of any object of a kind and a namespace; in any namespace where that is left out. */
  refusalOfAny(kind: KindName, namespace?: string): Problem | null {
    const group = groupOfKind(kind)
    for (const error of this.errors.values()) {
      const { resource } = error
      if (resource?.kind !== kind || resource.group !== group) continue
      if (namespace === undefined || resource.namespace === namespace) return error
    }
    return null
  }

  /** `namespace` is "" for cluster-scoped kinds. */
  get<K extends KindName>(kind: K, namespace: string, name: string): KindMap[K] | undefined {
    const group = groupOfKind(kind)
    return this.byKey.get(refKey({ group, kind, namespace, name })) as KindMap[K] | undefined
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
