import type { RequestHead } from '../../http/head.ts'
import type { PathMatch } from '../../snapshot/rule.ts'
import { atOnce, type Steps } from '../steps.ts'
import { Bucket } from './bucket.ts'
import { holds, takesPath, takesRegex, type RouteCandidate } from './conditions.ts'
import { addToHash, emptyHash, hashForwards, PieceTable } from './pieces.ts'

const slash = 47
/** Up to so many entries, one after the other is faster than any index, and needs less memory when there are many hosts. */
const listedUpTo = 8

/** Finds the first entry in precedence that takes a request, among those of one hostname. */
export interface PathTable<H> {
  first(head: RequestHead): RouteCandidate<H> | null
  /** The same with others: `all` in order of precedence are those of before without `gone`, and `added`. */
  with(
    gone: ReadonlySet<RouteCandidate<H>>,
    added: readonly RouteCandidate<H>[],
    all: readonly RouteCandidate<H>[],
  ): PathTable<H>
}

/** So many candidates are looked at between two chances for others. */
const STEP = 256

/** `candidates` in order of precedence. */
export function* pathTableSteps<H>(candidates: readonly RouteCandidate<H>[]): Steps<PathTable<H>> {
  if (candidates.length <= listedUpTo) return new PathList(candidates)
  const exact = yield* bucketSteps(candidates, 'exact')
  const prefixes = yield* bucketSteps(candidates, 'prefix')
  const root = prefixes.get('') ?? null
  prefixes.delete('')
  const regexes = candidates.filter(({ path }) => path.type === 'regex')
  yield
  return new PathIndex(exact, PieceTable.of(prefixes, hashForwards), root, regexes)
}

class PathList<H> implements PathTable<H> {
  private readonly candidates: readonly RouteCandidate<H>[]

  constructor(candidates: readonly RouteCandidate<H>[]) {
    this.candidates = candidates
  }

  with(_gone: unknown, _added: unknown, all: readonly RouteCandidate<H>[]): PathTable<H> {
    return atOnce(pathTableSteps(all))
  }

  first(head: RequestHead): RouteCandidate<H> | null {
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
  private readonly regexes: readonly RouteCandidate<H>[]
  /** Buckets found on the way down a path. Nothing here waits, so one list serves all requests: a new one would be the only allocation. */
  private readonly found: Bucket<H>[] = []

  constructor(
    exact: ReadonlyMap<string, Bucket<H>>,
    prefixes: PieceTable<Bucket<H>>,
    root: Bucket<H> | null,
    regexes: readonly RouteCandidate<H>[],
  ) {
    this.exact = exact.size > 0 ? exact : null
    this.prefixes = prefixes.size > 0 ? prefixes : null
    this.root = root
    this.regexes = regexes
  }

  with(
    gone: ReadonlySet<RouteCandidate<H>>,
    added: readonly RouteCandidate<H>[],
    all: readonly RouteCandidate<H>[],
  ): PathTable<H> {
    if (all.length <= listedUpTo) return new PathList(all)
    const changed = (type: PathMatch['type']): Map<string, Changes<H>> => changesOf(type, gone, added)
    const exact = new Map(this.exact ?? [])
    for (const [path, changes] of changed('exact')) {
      const bucket = bucketWith(exact.get(path), changes)
      if (bucket === null) exact.delete(path)
      else exact.set(path, bucket)
    }
    const prefixes = changed('prefix')
    const rootChanges = prefixes.get('')
    prefixes.delete('')
    const known = this.prefixes ?? PieceTable.of<Bucket<H>>(new Map(), hashForwards)
    const buckets = new Map(
      [...prefixes].map(([path, changes]) => [path, bucketWith(known.get(path), changes)]),
    )
    const root = rootChanges === undefined ? this.root : bucketWith(this.root ?? undefined, rootChanges)
    const regexes = all.filter(({ path }) => path.type === 'regex')
    return new PathIndex(exact, buckets.size === 0 ? known : known.with(buckets), root, regexes)
  }

  first(head: RequestHead): RouteCandidate<H> | null {
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
    exact: RouteCandidate<H> | null,
  ): RouteCandidate<H> | null {
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

function* bucketSteps<H>(
  candidates: readonly RouteCandidate<H>[],
  type: 'exact' | 'prefix',
): Steps<Map<string, Bucket<H>>> {
  const lists = new Map<string, RouteCandidate<H>[]>()
  for (const [i, candidate] of candidates.entries()) {
    if (i % STEP === 0) yield
    if (candidate.path.type !== type) continue
    const list = lists.get(candidate.path.value)
    if (list === undefined) lists.set(candidate.path.value, [candidate])
    else list.push(candidate)
  }
  const buckets = new Map<string, Bucket<H>>()
  for (const [path, list] of lists) {
    if (buckets.size % STEP === 0) yield
    buckets.set(path, new Bucket(list))
  }
  return buckets
}

/** What comes to one path, and what goes from it. */
interface Changes<H> {
  readonly gone: ReadonlySet<RouteCandidate<H>>
  readonly added: RouteCandidate<H>[]
}

function changesOf<H>(
  type: PathMatch['type'],
  gone: ReadonlySet<RouteCandidate<H>>,
  added: readonly RouteCandidate<H>[],
): Map<string, Changes<H>> {
  const changes = new Map<string, Changes<H>>()
  const at = ({ path }: RouteCandidate<H>): Changes<H> | null => {
    if (path.type !== type) return null
    let one = changes.get(path.value)
    if (one === undefined) changes.set(path.value, (one = { gone, added: [] }))
    return one
  }
  for (const candidate of gone) at(candidate)
  for (const candidate of added) at(candidate)?.added.push(candidate)
  return changes
}

function bucketWith<H>(bucket: Bucket<H> | undefined, { gone, added }: Changes<H>): Bucket<H> | null {
  const kept = bucket?.candidates.filter(candidate => !gone.has(candidate)) ?? []
  const all = [...kept, ...added].sort((a, b) => a.order - b.order)
  return all.length === 0 ? null : new Bucket(all)
}
