import { KeyHash } from '../key-hash.ts'

/** A power of two. */
const PLACES = 1 << 13
/** No claim is longer: what is further ahead is of the clock's last round. */
const MOST_MS = 60_000

/** Whose turn it is to ask a backend: a place, and the word that stands there. */
export interface Claim {
  readonly place: number
  readonly word: bigint
}

/**
 * `mine`: it was free, and is taken; `claimed`: another one asks; `passes`: what comes is not for others, so that each asks
 * for itself; `other`: the place is taken for something else, and nobody can say.
 */
export type Claimed =
  | { readonly state: 'free' | 'passes' | 'other' }
  | { readonly state: 'mine' | 'claimed'; readonly claim: Claim }

const free: Claimed = { state: 'free' }
const passes: Claimed = { state: 'passes' }
const other: Claimed = { state: 'other' }

/** The lowest bit of a moment says whether it is that of a claim or of a pass. */
const PASS = 1

/**
 * Who of all workers asks a backend for what all of them want: words of shared memory, by a hash under a secret. A claim
 * is until a moment, so that nothing waits for a worker that hangs; those of one that has died are given back. The lower half of a word is until when, in
 * milliseconds of the clock that all have, the upper half tells keys apart: both change at once, or neither.
 */
export class Claims {
  /** The words, and beside each the worker that has taken it last. */
  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(PLACES * 12)
  }

  private readonly words: BigInt64Array
  private readonly owners: Int32Array
  private readonly owner: number
  private readonly hash: KeyHash
  private readonly nowUs: () => number

  /** `owner`: the number of this worker. */
  constructor(memory: SharedArrayBuffer, secret: Uint8Array, owner: number, nowUs: () => number) {
    this.words = wordsOf(memory)
    this.owners = ownersOf(memory)
    this.owner = owner
    this.hash = new KeyHash(new KeyHash(secret).derive('claims'))
    this.nowUs = nowUs
  }

  find(key: string): Claimed {
    const { a, b } = this.hash.of(key)
    const place = a & (PLACES - 1)
    return this.read(place, Atomics.load(this.words, place), b)
  }

  /** Takes it where it is free. */
  take(key: string, forMs: number): Claimed {
    const { a, b } = this.hash.of(key)
    const place = a & (PLACES - 1)
    const before = Atomics.load(this.words, place)
    const seen = this.read(place, before, b)
    if (seen !== free) return seen
    const word = wordOf(b, this.until(forMs) & ~PASS)
    const now = Atomics.compareExchange(this.words, place, before, word)
    if (now !== before) return this.read(place, now, b)
    Atomics.store(this.owners, place, this.owner)
    return { state: 'mine', claim: { place, word } }
  }

  /** `passForMs` above 0: for so long those who ask for the same do not wait for each other. */
  release(claim: Claim, passForMs = 0): void {
    const now = passForMs > 0 ? wordOf(tagOf(claim.word), this.until(passForMs) | PASS) : 0n
    exchange(this.words, claim, now)
  }

  /** Fulfilled when it has been given back, or when time is. */
  over({ place, word }: Claim, forMs: number): Promise<unknown> {
    const ms = Math.max(1, Math.min(forMs, this.leftMs(word)))
    return Promise.resolve(Atomics.waitAsync(this.words, place, word, ms).value)
  }

  private read(place: number, word: bigint, tag: number): Claimed {
    const leftMs = word === 0n ? 0 : this.leftMs(word)
    if (leftMs <= 0 || leftMs > MOST_MS + 3) return free
    if (tagOf(word) !== tag) return other
    return (momentOf(word) & PASS) === PASS ? passes : { state: 'claimed', claim: { place, word } }
  }

  private leftMs(word: bigint): number {
    return (momentOf(word) - this.nowMs()) | 0
  }

  private until(forMs: number): number {
    // Never 0, which is that of a free place.
    return (this.nowMs() + Math.min(forMs, MOST_MS)) | 2 | 0
  }

  private nowMs(): number {
    return Math.floor(this.nowUs() / 1000) | 0
  }
}

/** By whoever has been handed the claim; one that another has by now stays. */
export function release(memory: SharedArrayBuffer, claim: Claim): void {
  exchange(wordsOf(memory), claim, 0n)
}

/** What a worker had when it died: nobody waits for it any more. What it has said of passing stays true. */
export function releaseAll(memory: SharedArrayBuffer, owner: number): void {
  const [words, owners] = [wordsOf(memory), ownersOf(memory)]
  for (let place = 0; place < PLACES; place++) {
    if (owners[place] !== owner) continue
    const word = Atomics.load(words, place)
    if (word !== 0n && (momentOf(word) & PASS) !== PASS) exchange(words, { place, word }, 0n)
  }
}

function exchange(words: BigInt64Array, { place, word }: Claim, now: bigint): void {
  Atomics.compareExchange(words, place, word, now)
  Atomics.notify(words, place)
}

function wordsOf(memory: SharedArrayBuffer): BigInt64Array {
  return new BigInt64Array(memory, 0, PLACES)
}

function ownersOf(memory: SharedArrayBuffer): Int32Array {
  return new Int32Array(memory, PLACES * 8, PLACES)
}

function wordOf(tag: number, moment: number): bigint {
  return (BigInt(tag) << 32n) | BigInt(moment >>> 0)
}

function tagOf(word: bigint): number {
  return Number(word >> 32n)
}

function momentOf(word: bigint): number {
  return Number(word & 0xffffffffn) | 0
}
