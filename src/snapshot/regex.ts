import { DOT_SET, parseRegex, type CharSet, type RegexNode } from './regex-syntax.ts'

/**
 * Whether a pattern may be matched against what strangers send.
 *
 * V8 backtracks: its time is the number of ways in which the pattern can read a
 * prefix of the input. That number is computed here for every input there is:
 * the pattern becomes its position automaton (Glushkov, 1961) with the number of
 * ways on each edge, and the reachable sets of "how many ways end at which
 * position" are walked. Where none holds more than MAX_WAYS, matching costs at
 * most MAX_WAYS steps a character; everything else is refused, also what is too
 * large to be walked. Nothing of it runs while a request is matched.
 *
 * (V8 has a linear engine, but only behind --enable-experimental-regexp-engine.)
 */
const MAX_WAYS = 32
const MAX_POSITIONS = 2000
const MAX_STATES = 4000
const MAX_STEPS = 2_000_000

/**
 * Null where the pattern may be used, else what is wrong and what to write instead.
 * `lineBreaks` says that the input may hold some (a decoded query value may; paths
 * and header values never do).
 */
export function checkRegex(pattern: string, lineBreaks = false): string | null {
  const tree = parseRegex(pattern)
  if (typeof tree === 'string') return tree
  if (!compiles(pattern)) return 'not a regular expression'
  const automaton = new Automaton()
  const ends = automaton.add(lineBreaks ? tree : withoutTrailingDots(tree))
  if (ends === null)
    return `too large: more than ${MAX_POSITIONS} characters when counts are written out; use smaller counts`
  return walk(automaton, ends.first)
}

/** How patterns are matched everywhere: against the whole value, case-sensitively. */
export function wholeMatch(pattern: string): RegExp {
  return new RegExp(`^(?:${pattern})$`)
}

function compiles(pattern: string): boolean {
  try {
    wholeMatch(pattern)
    return true
  } catch {
    return false
  }
}

/**
 * A last `.*` takes whatever is left, so nothing after it can fail and send the
 * engine back; without this, a pattern with dots in the middle and at its end would be refused. It holds
 * for input without line breaks only, which `.` does not take.
 */
function withoutTrailingDots(node: RegexNode): RegexNode {
  if (node.type === 'alt') return { type: 'alt', options: node.options.map(withoutTrailingDots) }
  if (node.type === 'cat' && node.items.length > 0)
    return {
      type: 'cat',
      items: [...node.items.slice(0, -1), withoutTrailingDots(node.items[node.items.length - 1]!)],
    }
  if (node.type !== 'repeat' || node.max !== Infinity || node.min > 1) return node
  if (node.item.type !== 'set' || !isDot(node.item.set)) return node
  return node.min === 0 ? { type: 'assert' } : node.item
}

function isDot(set: CharSet): boolean {
  return set.length === DOT_SET.length && set.every((code, i) => code === DOT_SET[i])
}

/** Positions, each with the number of ways to come there. */
type Ways = Map<number, number>

/** How a part of the pattern begins and ends, and in how many ways it takes nothing. */
interface Ends {
  readonly first: Ways
  readonly last: Ways
  readonly empty: number
}

const nothing: Ends = { first: new Map(), last: new Map(), empty: 1 }

class Automaton {
  readonly sets: CharSet[] = []
  readonly follow: Ways[] = []

  /** Null where the pattern has too many positions. */
  add(node: RegexNode): Ends | null {
    if (node.type === 'assert') return nothing
    if (node.type === 'set') return this.position(node.set)
    if (node.type === 'alt') return this.alternatives(node.options)
    if (node.type === 'cat') return this.sequence(node.items)
    return this.repeat(node.item, node.min, node.max)
  }

  private position(set: CharSet): Ends | null {
    if (this.sets.length >= MAX_POSITIONS) return null
    const here = this.sets.push(set) - 1
    this.follow.push(new Map())
    return { first: new Map([[here, 1]]), last: new Map([[here, 1]]), empty: 0 }
  }

  private alternatives(options: readonly RegexNode[]): Ends | null {
    const first: Ways = new Map()
    const last: Ways = new Map()
    let empty = 0
    for (const option of options) {
      const ends = this.add(option)
      if (ends === null) return null
      sum(first, ends.first, 1)
      sum(last, ends.last, 1)
      empty = few(empty + ends.empty)
    }
    return { first, last, empty }
  }

  private sequence(items: readonly RegexNode[]): Ends | null {
    let all: Ends = nothing
    for (const item of items) {
      const next = this.add(item)
      if (next === null) return null
      all = this.join(all, next)
    }
    return all
  }

  private join(a: Ends, b: Ends): Ends {
    this.connect(a.last, b.first)
    const first: Ways = new Map(a.first)
    sum(first, b.first, a.empty)
    const last: Ways = new Map(b.last)
    sum(last, a.last, b.empty)
    return { first, last, empty: few(a.empty * b.empty) }
  }

  /** x{2,4} is x x (x (x)?)?; x{2,} is x x+. Each x has positions of its own. */
  private repeat(item: RegexNode, min: number, max: number): Ends | null {
    if (max === Infinity) {
      const before = this.sequence(Array.from({ length: Math.max(0, min - 1) }, () => item))
      const loop = this.add(item)
      if (before === null || loop === null) return null
      this.connect(loop.last, loop.first)
      return this.join(before, min === 0 ? { ...loop, empty: 1 } : loop)
    }
    const before = this.sequence(Array.from({ length: min }, () => item))
    let rest: Ends | null = nothing
    for (let i = min; i < max && rest !== null; i++) {
      const one = this.add(item)
      // The engine refuses an iteration that takes nothing, so skipping is one way.
      rest = one === null ? null : { ...this.join(one, rest), empty: 1 }
    }
    return before === null || rest === null ? null : this.join(before, rest)
  }

  private connect(last: Ways, first: Ways): void {
    for (const [from, ways] of last) sum(this.follow[from]!, first, ways)
  }
}

/** Beyond MAX_WAYS it makes no difference how many. */
function few(ways: number): number {
  return Math.min(ways, MAX_WAYS + 1)
}

function sum(into: Ways, from: Ways, times: number): void {
  if (times === 0) return
  for (const [position, ways] of from) into.set(position, few((into.get(position) ?? 0) + ways * times))
}

function walk(automaton: Automaton, first: Ways): string | null {
  const symbols = alphabet(automaton.sets)
  const seen = new Set<string>()
  const queue: Ways[] = []
  let steps = 0
  const visit = (from: Iterable<readonly [Ways, number]>): string | null => {
    const next: Ways[] = symbols.map(() => new Map())
    for (const [edges, times] of from)
      for (const [to, ways] of edges)
        for (const [i, symbol] of symbols.entries())
          if (++steps && takes(automaton.sets[to]!, symbol))
            next[i]!.set(to, few((next[i]!.get(to) ?? 0) + ways * times))
    for (const state of next) {
      if (state.size === 0) continue
      if (total(state) > MAX_WAYS) return ambiguous
      const key = [...state].sort((a, b) => a[0] - b[0]).join()
      if (seen.has(key)) continue
      seen.add(key)
      queue.push(state)
    }
    return seen.size > MAX_STATES || steps > MAX_STEPS ? tooComplex : null
  }
  let problem = visit([[first, 1]])
  for (let state = queue.pop(); problem === null && state !== undefined; state = queue.pop())
    problem = visit([...state].map(([position, ways]) => [automaton.follow[position]!, ways] as const))
  return problem
}

const ambiguous =
  'long input could take more than linear time, because the same characters can be read in many ways; ' +
  'repeat what cannot overlap with what follows, like "[^/]+" in place of ".*" between slashes, and do not nest repetitions'
const tooComplex = 'too complex to be shown to take linear time; use smaller counts or several matches'

function total(state: Ways): number {
  let all = 0
  for (const ways of state.values()) all += ways
  return all
}

/** One character of each kind that the sets tell apart. */
function alphabet(sets: readonly CharSet[]): number[] {
  const starts = new Set<number>()
  for (const set of sets)
    for (let i = 0; i < set.length; i += 2) {
      starts.add(set[i]!)
      if (set[i + 1]! < 0xffff) starts.add(set[i + 1]! + 1)
    }
  return [...starts]
}

function takes(set: CharSet, code: number): boolean {
  for (let i = 0; i < set.length; i += 2) if (code >= set[i]! && code <= set[i + 1]!) return true
  return false
}
