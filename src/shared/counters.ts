import { CounterArea, SLOTS, type Outcome } from './counter-area.ts'
import { KeyHash, type Hash128 } from './key-hash.ts'

/**
 * Whose numbers they are, each with places of their own, so that none of them takes those of another.
 *
 * - `strangers`: of anybody. Their numbers are over soon, and whoever has many addresses has many.
 * - `guests`: of anybody too, and they last, as of a quota for a month.
 * - `known`: of those who are in records, whom no stranger can add to.
 * - `clusters`: of what is declared, such as retries to a backend.
 */
export type Whose = 'strangers' | 'guests' | 'known' | 'clusters'

/** What threads share of counters; goes to a worker as it is. */
export interface CounterMemory {
  readonly memory: SharedArrayBuffer
  readonly buckets: number
  readonly reserve: number
  readonly secret: Uint8Array
}

export interface CounterSizes {
  /** Buckets of 32 keys (1 KiB) each; powers of two. */
  readonly buckets: number
  /** Of crowds, beside them. */
  readonly reserve: number
}

/**
 * 262,144 keys and 65,536 crowds in 10 MiB, of which the system gives what is written to. Of the known two million in
 * 64 MiB: with 600,000 (200,000 subscriptions of three limits) a bucket of 32 has 9 on average, and none is full.
 */
export const counterSizes: Readonly<Record<Whose, CounterSizes>> = {
  strangers: { buckets: 8_192, reserve: 2_048 },
  guests: { buckets: 8_192, reserve: 2_048 },
  known: { buckets: 65_536, reserve: 2_048 },
  // 20,000 clusters with 28 numbers each are half of it.
  clusters: { buckets: 32_768, reserve: 256 },
}

export function counterMemory(
  secret: Uint8Array,
  sizes: CounterSizes = counterSizes.strangers,
): CounterMemory {
  const { buckets, reserve } = sizes
  const memory = new SharedArrayBuffer(CounterArea.bytes(buckets + reserve))
  return { memory, buckets, reserve, secret }
}

/** Both areas, as one thread sees them. */
export class CounterAreas {
  readonly keys: CounterArea
  readonly crowds: CounterArea
  private readonly secrets: KeyHash

  /** `owner`: a number above 0 that no other living thread has. */
  constructor({ memory, buckets, reserve, secret }: CounterMemory, owner: number) {
    const bytes = CounterArea.bytes(buckets)
    this.keys = new CounterArea(memory, owner, 0, bytes)
    this.crowds = new CounterArea(memory, owner, bytes, CounterArea.bytes(reserve))
    this.secrets = new KeyHash(secret)
  }

  scope(name: string): Counters {
    return new Counters(this, this.secrets.derive(name))
  }

  /** What a thread that has ended left half done. */
  release(owner: number): void {
    this.keys.release(owner)
    this.crowds.release(owner)
  }
}

/** Low bits of the word that chooses a bucket, which are of a key in its neighbourhood, and of a crowd in it. */
const KEY_BITS = 8
const CROWD_BITS = 6

/** What `hash` makes of a key. */
export interface Place extends Hash128 {
  /** Of its neighbourhood. */
  readonly near?: number
  readonly maker?: Maker
}

/** Where it is counted how many new keys somebody has made. */
interface Maker extends Hash128 {
  /** Of the crowds that its keys come to share. */
  readonly near: number
}

/** Of all places so many are anybody's who makes keys; beyond, he has those that half of the buckets have. */
const SHARE = 1 / 64
/** When it is begun anew to count what somebody makes, of keys that do not last. */
const ROUND_US = 600_000_000
/** In a number, beside the round. */
const MOST_MADE = 2 ** 24

/** Where the time of a key is over within this, it is of those that do not last. */
const SHORT_US = 2 * ROUND_US

/**
 * Numbers by key of one purpose, such as one limit: the same for all workers of a node, and they outlive reloads. One
 * look-up at a time: `aim`, then `read` and `swap` within the same turn.
 *
 *     counters.aim(client, crowd)
 *     do seen = counters.read(nowUs)
 *     while ((outcome = counters.swap(seen, seen + 1, untilUs, nowUs)) === 'changed')
 *
 * Keys may have a neighbourhood: then their places, and those of their crowds, are in one 32nd of all, so that one who
 * has as many networks as a provider leaves the others theirs. Keys that may come from anywhere have places anywhere,
 * and a maker: who has made more than his share of them has no more than half of the places, and leaves the others to
 * who has made few.
 *
 * Memory is bounded, and nobody's number gives way to another's before its time. Where no place is left for a new key
 * it shares the number of its crowd, kept in a reserve: for an address, of all that belong to one network, so that one
 * who has many addresses fills the place of his own. Where that is full too, `swap` says so, and the caller refuses:
 * a limit that cannot count lets nobody through.
 */
export class Counters {
  private readonly areas: CounterAreas
  private readonly key: KeyHash
  private readonly crowd: KeyHash
  private target: Place
  private crowdName = ''
  private inCrowd = false

  constructor(areas: CounterAreas, secret: Uint8Array) {
    this.areas = areas
    this.key = new KeyHash(secret)
    this.crowd = new KeyHash(secret)
    this.target = this.key
  }

  /** Whether the key that is aimed at shares the number of its crowd. */
  get crowded(): boolean {
    return this.inCrowd
  }

  /** `crowd` is hashed only where it is needed. */
  aim(key: string, crowd: string): this {
    return this.aimAt(this.key.of(key), crowd)
  }

  /** What a key is to these counters, for `aimAt`: who counts the same key again and again hashes it once. Not between `aim` and `swap`. */
  hash(key: string, neighbourhood = '', maker = ''): Place {
    const { a, b, c, d } = this.key.of(key)
    if (maker !== '') return { a, b, c, d, maker: this.makerOf(maker) }
    if (neighbourhood === '') return { a, b, c, d }
    const near = this.key.of(neighbourhood).d
    return { a, b, c, d: within(near, d, KEY_BITS), near }
  }

  aimAt(hash: Place, crowd: string): this {
    this.target = hash
    this.crowdName = crowd
    this.inCrowd = false
    return this
  }

  /** 0 where there is nothing, or its time is over. */
  read(nowUs: number): number {
    return this.inCrowd ? this.areas.crowds.read(this.crowd, nowUs) : this.areas.keys.read(this.target, nowUs)
  }

  /**
   * Puts `next` (0 to MAX_VALUE) in the place of `seen` until `untilUs` at least. `changed`: read again; also the
   * answer where the crowd's number is to be read from now on.
   */
  swap(seen: number, next: number, untilUs: number, nowUs: number): Outcome {
    if (this.inCrowd) return this.areas.crowds.swap(this.crowd, seen, next, untilUs, nowUs)
    const { maker } = this.target
    const outcome = this.areas.keys.swap(
      this.target,
      seen,
      next,
      untilUs,
      nowUs,
      maker === undefined || seen !== 0 ? SLOTS : this.slotsOf(maker, untilUs, nowUs),
    )
    if (outcome !== 'full') return outcome
    const crowd = this.crowd.of(this.crowdName)
    const near = maker?.near ?? this.target.near
    if (near !== undefined) crowd.d = within(near, crowd.d, CROWD_BITS)
    this.inCrowd = true
    return 'changed'
  }

  private makerOf(name: string): Maker {
    const near = this.key.of(name).d
    const { a, b, c, d } = this.key.of(`made by ${name}`)
    return { a, b, c, d, near }
  }

  /** How many slots of a bucket a key may have one of, that is made now if it is not there. */
  private slotsOf(maker: Maker, untilUs: number, nowUs: number): number {
    const { keys } = this.areas
    if (keys.has(this.target)) return SLOTS
    const round = roundOf(untilUs, nowUs)
    for (;;) {
      const seen = keys.read(maker, nowUs)
      const made = Math.floor(seen / MOST_MADE) === round ? seen % MOST_MADE : 0
      if (made >= keys.places * SHARE) return SLOTS / 2
      const outcome = keys.swap(maker, seen, round * MOST_MADE + made + 1, untilUs, nowUs)
      // Where it cannot be counted what he makes, he may have made anything.
      if (outcome !== 'changed') return outcome === 'done' ? SLOTS : SLOTS / 2
    }
  }
}

/** The round that a number of made keys is of; one for all of those that last. */
function roundOf(untilUs: number, nowUs: number): number {
  return untilUs - nowUs > SHORT_US ? 0 : Math.floor(nowUs / ROUND_US) % 2 ** 20
}

function within(near: number, own: number, bits: number): number {
  return (near << bits) | (own & ((1 << bits) - 1))
}
