import type { RequestHead } from '../../http/head.ts'
import { holds, type RouteCandidate, type ValueTest } from './conditions.ts'
import { headerValue, isKeptApart, queryValue } from '../../http/request-values.ts'

/** From how many candidates on an index pays; below, testing one after the other is faster. */
const indexedFrom = 9
/** From how many header names on the request's fields are looked up among them, and not they among its fields. */
const invertedFrom = 16

/**
 * Candidates whose paths all take the request, so that their conditions decide.
 * Many of them usually differ in the value of one header or parameter (a tenant,
 * a version): those are found by that value instead of being tested in turn.
 */
export class Bucket<H> {
  /** All of them, in order of precedence, as is every list here. */
  readonly candidates: readonly RouteCandidate<H>[]
  private readonly plain: readonly RouteCandidate<H>[]
  private readonly keyed: readonly Keyed<H>[] | null
  /** Used instead when there are more header names than a request has fields. */
  private readonly byHeader: ReadonlyMap<string, Keyed<H>> | null

  constructor(candidates: readonly RouteCandidate<H>[]) {
    const { plain, keyed } =
      candidates.length < indexedFrom ? { plain: candidates, keyed: [] } : split(candidates)
    this.candidates = candidates
    const fields = keyed.filter(isField)
    const inverted = fields.length > invertedFrom
    const asked = inverted ? keyed.filter(key => !isField(key)) : keyed
    this.plain = plain
    this.keyed = asked.length > 0 ? asked : null
    this.byHeader = inverted ? new Map(fields.map(key => [key.name, key])) : null
  }

  /** The first in precedence that holds, if it comes before `best`; else `best`. */
  first(head: RequestHead, best: RouteCandidate<H> | null): RouteCandidate<H> | null {
    let found = firstOf(this.plain, head, best)
    if (this.keyed !== null)
      for (let i = 0; i < this.keyed.length; i++) found = firstOfKey(this.keyed[i]!, head, found)
    return this.byHeader === null ? found : firstOfFields(this.byHeader, head, found)
  }
}

interface Keyed<H> {
  readonly read: (head: RequestHead, name: string) => string | undefined
  readonly name: string
  readonly byValue: ReadonlyMap<string, readonly RouteCandidate<H>[]>
}

function firstOfKey<H>({ read, name, byValue }: Keyed<H>, head: RequestHead, best: RouteCandidate<H> | null) {
  const value = read(head, name)
  const list = value === undefined ? undefined : byValue.get(value)
  return list === undefined ? best : firstOf(list, head, best)
}

function firstOfFields<H>(
  keys: ReadonlyMap<string, Keyed<H>>,
  head: RequestHead,
  best: RouteCandidate<H> | null,
) {
  const { list } = head.fields
  let found = best
  for (let i = 0; i < list.length; i += 2) {
    const key = keys.get(list[i]!.toLowerCase())
    if (key !== undefined) found = firstOfKey(key, head, found)
  }
  return found
}

/** Whether the value is among the fields, and not kept apart by the codec. */
function isField<H>({ read, name }: Keyed<H>): boolean {
  return read === headerValue && !isKeptApart(name)
}

function firstOf<H>(
  candidates: readonly RouteCandidate<H>[],
  head: RequestHead,
  best: RouteCandidate<H> | null,
): RouteCandidate<H> | null {
  for (let i = 0; i < candidates.length; i++) {
    const candidate = candidates[i]!
    if (best !== null && candidate.order > best.order) return best
    if (holds(candidate.conditions, head)) return candidate
  }
  return best
}

const readQuery = ({ query }: RequestHead, name: string): string | undefined => queryValue(query, name)

/** A header or parameter by which candidates may be found, and how many values they ask of it. */
interface Key<H> {
  readonly read: Keyed<H>['read']
  readonly name: string
  readonly values: Set<string>
  readonly byValue: Map<string, RouteCandidate<H>[]>
}

function split<H>(candidates: readonly RouteCandidate<H>[]): {
  plain: RouteCandidate<H>[]
  keyed: Keyed<H>[]
} {
  const keys = new Map<string, Key<H>>()
  const options = candidates.map(candidate => keysOf(candidate, keys))
  const plain: RouteCandidate<H>[] = []
  for (const [i, candidate] of candidates.entries()) {
    // The key with the most values leaves the fewest to be tested one by one.
    const best = options[i]!.reduce<Option<H> | null>(
      (most, option) => (most === null || option.key.values.size > most.key.values.size ? option : most),
      null,
    )
    if (best === null) plain.push(candidate)
    else append(best.key.byValue, best.value, candidate)
  }
  return { plain, keyed: [...keys.values()].filter(({ byValue }) => byValue.size > 0) }
}

interface Option<H> {
  readonly key: Key<H>
  readonly value: string
}

function keysOf<H>({ conditions }: RouteCandidate<H>, keys: Map<string, Key<H>>): Option<H>[] {
  const option = (kind: string, read: Keyed<H>['read'], { name, value }: ValueTest): Option<H> => {
    const id = `${kind} ${name}`
    const key = keys.get(id) ?? { read, name, values: new Set(), byValue: new Map() }
    keys.set(id, key)
    key.values.add(value)
    return { key, value }
  }
  return [
    ...exactOnes(conditions.headers).map(test => option('header', headerValue, test)),
    ...exactOnes(conditions.query).map(test => option('query', readQuery, test)),
  ]
}

function exactOnes(tests: readonly ValueTest[] | null): readonly ValueTest[] {
  return tests === null ? [] : tests.filter(({ regex }) => regex === null)
}

function append<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}
