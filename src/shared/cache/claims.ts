import { KeyHash } from '../key-hash.ts'

/** Places of two words; a power of two. */
const PLACES = 1 << 13
/** No claim is longer: what is further ahead is of the clock's last round. */
const MOST_MS = 60_000

/** Whose turn it is to ask a backend: a place, and the word that stands there. */
export interface Claim {
  readonly place: number
  readonly word: number
}

/**
 * `claimed`: another one asks; `passes`: what comes is not for others, so that each asks for itself; `other`: the place is
 * taken for something else, and nobody can say.
 */
export type Claimed =
  | { readonly state: 'free' | 'passes' | 'other' }
  | { readonly state: 'claimed'; readonly claim: Claim }

const free: Claimed = { state: 'free' }
const passes: Claimed = { state: 'passes' }
const other: Claimed = { state: 'other' }

/** The lowest bit of a word says whether it is a claim or a pass; the rest until when. */
const PASS = 1

/**
 * Who of all workers asks a backend for what all of them want: words of shared memory, by a hash under a secret. A claim
 * is until a moment, so that nothing waits for a worker that has died. The first word of a place is until when, in
 * milliseconds of the clock that all have, the second tells keys apart.
 */
export class Claims {
  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(PLACES * 8)
  }

  private readonly words: Int32Array
  private readonly hash: KeyHash
  private readonly nowUs: () => number

  constructor(memory: SharedArrayBuffer, secret: Uint8Array, nowUs: () => number) {
    this.words = new Int32Array(memory)
    this.hash = new KeyHash(new KeyHash(secret).derive('claims'))
    this.nowUs = nowUs
  }

  find(key: string): Claimed {
    const { a, b } = this.hash.of(key)
    const place = placeOf(a)
    const word = Atomics.load(this.words, place)
    if (!this.isLive(word)) return free
    if (Atomics.load(this.words, place + 1) !== b) return other
    return (word & PASS) === PASS ? passes : { state: 'claimed', claim: { place, word } }
  }

  /** Null where another one has it, or the place. */
  take(key: string, forMs: number): Claim | null {
    const { a, b } = this.hash.of(key)
    const place = placeOf(a)
    const before = Atomics.load(this.words, place)
    if (this.isLive(before)) return null
    const word = this.until(forMs) & ~PASS
    if (Atomics.compareExchange(this.words, place, before, word) !== before) return null
    Atomics.store(this.words, place + 1, b)
    return { place, word }
  }

  /** `passForMs` above 0: for so long those who ask for the same do not wait for each other. */
  release(claim: Claim, passForMs = 0): void {
    release(this.words, claim, passForMs > 0 ? this.until(passForMs) | PASS : 0)
  }

  /** Fulfilled when it has been given back, or when time is. */
  over({ place, word }: Claim, forMs: number): Promise<unknown> {
    const leftMs = (word - this.nowMs()) | 0
    const { value } = Atomics.waitAsync(this.words, place, word, Math.max(1, Math.min(forMs, leftMs)))
    return Promise.resolve(value)
  }

  private isLive(word: number): boolean {
    const leftMs = (word - this.nowMs()) | 0
    return word !== 0 && leftMs > 0 && leftMs <= MOST_MS + 1
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
export function release(words: Int32Array, { place, word }: Claim, now = 0): void {
  Atomics.compareExchange(words, place, word, now)
  Atomics.notify(words, place)
}

function placeOf(hash: number): number {
  return (hash & (PLACES - 1)) * 2
}
