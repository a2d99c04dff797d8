import { isDeepStrictEqual } from 'node:util'
import type { Condition, ResourceKey, ResourceRef } from '../../model/resource.ts'
import { refKey } from '../../model/resources.ts'
import { difference } from '../../snapshot/runs.ts'

/** So many conditions are other ones after a change that is looked into alone. */
const MOST_CHANGED = 256

const nothing: readonly Condition[] = []

/** What is said of each object now, kept by what is said anew: of 10,000 objects a change is about a few. */
export class SaidConditions {
  private all: readonly Condition[] = []
  private byObject: Map<ResourceKey, readonly Condition[]> = new Map()

  of(key: ResourceKey): readonly Condition[] {
    return this.byObject.get(key) ?? nothing
  }

  /** Takes what is said now; the answer is of which objects that is another thing than before. */
  take(conditions: readonly Condition[]): readonly (readonly [ResourceKey, ResourceRef])[] {
    const { all, byObject: before } = this
    // Most of what is said is the same object from one translation to the next (translation/report.ts).
    const changed = difference(all, conditions, MOST_CHANGED)
    this.all = conditions
    if (changed === null) {
      this.byObject = Map.groupBy(conditions, ({ about }) => keyOfRef(about))
      return otherSaid([...new Set([...before.keys(), ...this.byObject.keys()])], before, this.byObject)
    }
    const keys = [...new Set([...changed.gone, ...changed.come].map(({ about }) => keyOfRef(about)))]
    const now = this.regrouped(keys, changed.come)
    const other = otherSaid(keys, before, now)
    for (const key of keys) {
      const list = now.get(key)
      if (list === undefined) before.delete(key)
      else before.set(key, list)
    }
    return other
  }

  /** Of these objects what is said now, in its order. Who a condition is about is the same object while the condition is. */
  private regrouped(
    keys: readonly ResourceKey[],
    come: readonly Condition[],
  ): ReadonlyMap<ResourceKey, readonly Condition[]> {
    const abouts = new Set([...keys.flatMap(key => this.of(key)), ...come].map(({ about }) => about))
    return Map.groupBy(
      this.all.filter(({ about }) => abouts.has(about)),
      ({ about }) => keyOfRef(about),
    )
  }
}

function otherSaid(
  keys: readonly ResourceKey[],
  before: ReadonlyMap<ResourceKey, readonly Condition[]>,
  now: ReadonlyMap<ResourceKey, readonly Condition[]>,
): readonly (readonly [ResourceKey, ResourceRef])[] {
  return keys.flatMap(key => {
    const [then = nothing, said = nothing] = [before.get(key), now.get(key)]
    const one = said[0] ?? then[0]
    return one === undefined || isSameSaid(then, said) ? [] : [[key, one.about] as const]
  })
}

function isSameSaid(before: readonly Condition[], now: readonly Condition[]): boolean {
  return before.length === now.length && now.every((one, i) => one === before[i] || isSame(one, before[i]!))
}

function isSame(a: Condition, b: Condition): boolean {
  return (
    // Another object of the same name has conditions of its own.
    a.about === b.about &&
    a.type === b.type &&
    a.status === b.status &&
    a.reason === b.reason &&
    a.message === b.message &&
    a.listener === b.listener &&
    a.source === b.source &&
    isDeepStrictEqual(a.parent, b.parent)
  )
}

/** Who a condition is about is the same object as long as that is: of 10,000 conditions each change asks. */
const keys = new WeakMap<ResourceRef, ResourceKey>()

function keyOfRef(ref: ResourceRef): ResourceKey {
  let key = keys.get(ref)
  if (key === undefined) keys.set(ref, (key = refKey(ref)))
  return key
}
