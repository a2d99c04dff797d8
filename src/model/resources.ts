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
  /** What is wrong with objects that are declared, also those of which an earlier version is here: of each the first error. */
  readonly refusals: ReadonlyMap<ResourceKey, Problem>
  /** As they came. */
  private readonly given: readonly Resource[]
  private readonly byKind: ReadonlyMap<string, readonly Resource[]>
  private readonly byKey: ReadonlyMap<ResourceKey, Resource>
  /** What has come in the place of some that are in byKey, which many changes have in common. */
  private readonly instead: ReadonlyMap<ResourceKey, Resource>

  private constructor(
    { given, list, byKind, byKey, instead }: Indexed,
    unenforced: readonly Unenforced[],
    problems: readonly Problem[],
  ) {
    this.given = given
    this.list = Object.freeze(list)
    this.unenforced = Object.freeze([...unenforced])
    this.byKind = byKind
    this.byKey = byKey
    this.instead = instead
    const errors = problems.filter(({ severity }) => severity === 'error')
    this.unread = errors.find(({ resource }) => resource === null) ?? null
    this.refusals = new Map(
      // Of several the first is to be mended first.
      errors
        .toReversed()
        .flatMap(error => (error.resource === null ? [] : [[refKey(error.resource), error]])),
    )
    Object.freeze(this)
  }

  /**
   * Of several objects with one key the first is taken. `problems` are of what else was declared, to tell why something
   * is not there; where little differs from `before`, its tables are taken.
   */
  static of(
    list: readonly Resource[],
    unenforced: readonly Unenforced[] = [],
    problems: readonly Problem[] = [],
    before: Resources | null = null,
  ): Resources {
    return new Resources(before?.replaced(list) ?? indexed(list), unenforced, problems)
  }

  /** The tables with these objects; null where they are not the same keys in the same order, or many are others. */
  private replaced(given: readonly Resource[]): Indexed | null {
    const { given: before } = this
    if (given.length !== before.length) return null
    const changed: number[] = []
    for (let i = 0; i < given.length; i++) {
      if (before[i] === given[i]) continue
      if (changed.length === MOST_REPLACED || !isInPlace(before[i]!, given[i]!)) return null
      changed.push(i)
    }
    if (this.instead.size + changed.length > MOST_REPLACED) return null
    const [byKind, instead, list] = [new Map(this.byKind), new Map(this.instead), [...this.list]]
    for (const i of changed) {
      const [then, now] = [before[i]!, given[i]!]
      const kind = qualifiedKind(refOf(now))
      const sameKind = [...(byKind.get(kind) ?? [])]
      const place = sameKind.indexOf(then)
      // It is there twice, and the other one counts.
      if (place < 0) return null
      sameKind[place] = now
      list[list.indexOf(then)] = now
      byKind.set(kind, Object.freeze(sameKind))
      instead.set(keyOf(now), now)
    }
    return { given, list, byKind, byKey: this.byKey, instead }
  }

  all<R extends Resource>(kind: ResourceKind<R>): readonly R[] {
    // Objects of a kind have passed its schema: validate.ts makes no others.
    return (this.byKind.get(qualifiedKind(kind)) ?? []) as readonly R[]
  }

  /** What is wrong with an object that is declared and not there, for it was refused; null where it is not declared. */
  refusal({ group, kind }: ResourceKind, namespace: string, name: string): Problem | null {
    return this.refusals.get(refKey({ group, kind, namespace, name })) ?? null
  }

  /** Of any object of a kind and a namespace; in any namespace where that is left out. */
  refusalOfAny({ group, kind }: ResourceKind, namespace?: string): Problem | null {
    for (const error of this.refusals.values()) {
      const { resource } = error
      if (resource?.kind !== kind || resource.group !== group) continue
      if (namespace === undefined || resource.namespace === namespace) return error
    }
    return null
  }

  /** Of any kind, by its key. */
  find(key: ResourceKey): Resource | undefined {
    return this.instead.get(key) ?? this.byKey.get(key)
  }

  /** `namespace` is "" for cluster-scoped kinds. */
  get<R extends Resource>({ group, kind }: ResourceKind<R>, namespace: string, name: string): R | undefined {
    return this.find(refKey({ group, kind, namespace, name })) as R | undefined
  }
}

/** So many objects that have come in the place of others are looked up beside the table of all. */
const MOST_REPLACED = 64

/** Objects in their order, none of them twice, and where they are found. */
interface Indexed {
  readonly given: readonly Resource[]
  readonly list: readonly Resource[]
  readonly byKind: ReadonlyMap<string, readonly Resource[]>
  readonly byKey: ReadonlyMap<ResourceKey, Resource>
  readonly instead: ReadonlyMap<ResourceKey, Resource>
}

/** Whether one stands where the other stood, in any order. */
function isInPlace(then: Resource, now: Resource): boolean {
  return keyOf(then) === keyOf(now) && createdMs(then) === createdMs(now)
}

function indexed(given: readonly Resource[]): Indexed {
  const byKey = new Map<ResourceKey, Resource>()
  for (const resource of given) if (!byKey.has(keyOf(resource))) byKey.set(keyOf(resource), resource)
  const list = oldestFirst([...byKey.values()])
  const byKind = new Map<string, Resource[]>()
  for (const resource of list) {
    const kind = qualifiedKind(refOf(resource))
    const sameKind = byKind.get(kind)
    if (sameKind) sameKind.push(resource)
    else byKind.set(kind, [resource])
  }
  for (const sameKind of byKind.values()) Object.freeze(sameKind)
  return { given, list, byKind, byKey, instead: new Map() }
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
