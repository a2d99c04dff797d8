import type { RequestHead } from '../../http/head.ts'
import { Bucket } from './bucket.ts'
import { holds, takesPath, takesRegex, type Candidate } from './conditions.ts'
import { addToHash, emptyHash, hashForwards, PieceTable } from './pieces.ts'

const slash = 47
/** Up to so many entries, one after the other is faster than any index, and needs less memory when there are many hosts. */
const listedUpTo = 8

/** Finds the first entry in precedence that takes a request, among those of one hostname. */
export interface PathTable<H> {
  first(head: RequestHead): Candidate<H> | null
}

/** `candidates` in order of precedence. */
export function makePathTable<H>(candidates: readonly Candidate<H>[]): PathTable<H> {
  return candidates.length <= listedUpTo ? new PathList(candidates) : new PathIndex(candidates)
}

class PathList<H> implements PathTable<H> {
  private readonly candidates: readonly Candidate<H>[]

  constructor(candidates: readonly Candidate<H>[]) {
    this.candidates = candidates
  }

  first(head: RequestHead): Candidate<H> | null {
    for (const candidate of this.candidates)
      if (takesPath(candidate.path, head.path) && holds(candidate.conditions, head)) return candidate
    return null
  }
}

/**
 * Exact paths by themselves, prefixes by whole segments, regular expressions in a
 * list. Whichever finds something, the lowest order wins, so precedence is what
 * translation made it and not what the index finds first.
 */
class PathIndex<H> implements PathTable<H> {
  private readonly exact: ReadonlyMap<string, Bucket<H>> | null
  private readonly prefixes: PieceTable<Bucket<H>> | null
  /** The prefix "/", which takes everything. */
  private readonly root: Bucket<H> | null
  private readonly regexes: readonly Candidate<H>[]
  /** Buckets found on the way down a path. Nothing here waits, so one list serves all requests: a new one would be the only allocation. */
  private readonly found: Bucket<H>[] = []

  constructor(candidates: readonly Candidate<H>[]) {
    const exact = bucketsOf(candidates, 'exact')
    const prefixes = bucketsOf(candidates, 'prefix')
    this.root = prefixes.get('') ?? null
    prefixes.delete('')
    this.exact = exact.size > 0 ? exact : null
    this.prefixes = prefixes.size > 0 ? new PieceTable(prefixes, hashForwards) : null
    this.regexes = candidates.filter(({ path }) => path.type === 'regex')
  }

  first(head: RequestHead): Candidate<H> | null {
    let best = this.exact?.get(head.path)?.first(head, null) ?? null
    if (this.prefixes !== null) best = this.firstPrefix(this.prefixes, head, best)
    if (this.root !== null) best = this.root.first(head, best)
    // Last, with what was found as their bound: they are the dearest.
    for (const candidate of this.regexes) {
      if (best !== null && candidate.order > best.order) break
      if (takesRegex(candidate.path.regex!, head.path) && holds(candidate.conditions, head)) return candidate
    }
    return best
  }

  private firstPrefix(
    prefixes: PieceTable<Bucket<H>>,
    head: RequestHead,
    exact: Candidate<H> | null,
  ): Candidate<H> | null {
    const { found } = this
    let count = 0
    let hash = emptyHash
    const { path } = head
    const end = Math.min(path.length, prefixes.longest)
    for (let i = 0; i <= end; i++) {
      const code = i === path.length ? slash : path.charCodeAt(i)
      if (code === slash && i > 0) {
        const bucket = prefixes.find(hash, path, 0, i)
        if (bucket !== undefined) found[count++] = bucket
      }
      hash = addToHash(hash, code)
    }
    // The longest first: by the standard it has precedence, so that it bounds the search in the others.
    let best = exact
    while (count > 0) best = found[--count]!.first(head, best)
    return best
  }
}

function bucketsOf<H>(candidates: readonly Candidate<H>[], type: 'exact' | 'prefix'): Map<string, Bucket<H>> {
  const lists = new Map<string, Candidate<H>[]>()
  for (const candidate of candidates) {
    if (candidate.path.type !== type) continue
    const list = lists.get(candidate.path.value)
    if (list === undefined) lists.set(candidate.path.value, [candidate])
    else list.push(candidate)
  }
  return new Map([...lists].map(([path, list]) => [path, new Bucket(list)]))
}
