import { groupOf, type ResourceKind } from './kind.ts'
import type { Problem, Resource, ResourceKey, ResourceRef } from './resource.ts'
import type { Unenforced } from './targeting.ts'

/** Resources do not change, and of 10,000 each change asks several times who they are. */
const refs = new WeakMap<Resource, ResourceRef>()
const keys = new WeakMap<Resource, ResourceKey>()

/** As refKey, of an object. */
export function keyOf(resource: Resource): ResourceKey {
  let key = keys.get(resource)
  if (key === undefined) keys.set(resource, (key = refKey(refOf(resource))))
  return key
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

/** The same object each time. */
export function refOf(resource: Resource): ResourceRef {
  let ref = refs.get(resource)
  if (ref !== undefined) return ref
  const { namespace, name } = resource.metadata
  ref = Object.freeze({ group: groupOf(resource.apiVersion), kind: resource.kind, namespace, name })
  refs.set(resource, ref)
  return ref
}

/**
 * An immutable set of objects, the oldest first (`creationTimestamp`); those without one, as in files, count as the
 * youngest. Of one age they are in the order of `namespace/name`, as Gateway API breaks ties, and of one name in that of
 * their kinds. So the first that wants something is who has it, in whatever order files were read.
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
      byKey.set(keyOf(resource), resource)
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
    return new Resources(oldestFirst(unique), unenforced, problems)
  }

  all<R extends Resource>(kind: ResourceKind<R>): readonly R[] {
    // Objects of a kind have passed its schema: validate.ts makes no others.
    return (this.byKind.get(qualifiedKind(kind)) ?? []) as readonly R[]
  }

  /** What is wrong with an object that is declared and not there, for it was refused; null where it is not declared. */
  refusal({ group, kind }: ResourceKind, namespace: string, name: string): Problem | null {
    return this.errors.get(refKey({ group, kind, namespace, name })) ?? null
  }

  /** Of any object of a kind and a namespace; in any namespace where that is left out. */
  refusalOfAny({ group, kind }: ResourceKind, namespace?: string): Problem | null {
    for (const error of this.errors.values()) {
      const { resource } = error
      if (resource?.kind !== kind || resource.group !== group) continue
      if (namespace === undefined || resource.namespace === namespace) return error
    }
    return null
  }

  /** Of any kind, by its key. */
  find(key: ResourceKey): Resource | undefined {
    return this.byKey.get(key)
  }

  /** `namespace` is "" for cluster-scoped kinds. */
  get<R extends Resource>({ group, kind }: ResourceKind<R>, namespace: string, name: string): R | undefined {
    return this.byKey.get(refKey({ group, kind, namespace, name })) as R | undefined
  }
}

function oldestFirst(list: readonly Resource[]): Resource[] {
  return list
    .map(resource => ({ resource, createdMs: createdMs(resource), name: nameOf(resource) }))
    .sort(
      (a, b) =>
        a.createdMs - b.createdMs ||
        byText(a.name, b.name) ||
        byText(qualifiedKind(refOf(a.resource)), qualifiedKind(refOf(b.resource))),
    )
    .map(({ resource }) => resource)
}

// Infinity − Infinity is NaN, which sort would take for "equal" by chance only: hence a number beyond all dates.
const YOUNGEST_MS = 8.64e15 + 1

function createdMs({ metadata }: Resource): number {
  const ms = metadata.creationTimestamp === undefined ? Number.NaN : Date.parse(metadata.creationTimestamp)
  return Number.isNaN(ms) ? YOUNGEST_MS : ms
}

function nameOf({ metadata }: Resource): string {
  return `${metadata.namespace}/${metadata.name}`
}

/** By code units: the same order on every machine. */
function byText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1
}
