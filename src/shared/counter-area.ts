import type { Hash128 } from './key-hash.ts'

/** What became of a swap: done; another value is there by now; no place is left in the bucket of the key. */
export type Outcome = 'done' | 'changed' | 'full'

/** Values are whole numbers from 0 to this: microseconds in eighths for nine years. */
export const MAX_VALUE = 2 ** 51 - 1

// A bucket, in 32-bit words. What a look-up compares first stands together: two cache lines for 32 keys.
export const SLOTS = 32
const KEY_B = 32
const KEY_C = 64
const KEY_D = 96
/** 64-bit words: busy (1 bit), generation (12), value (51). */
const STATE = 128
/** In ticks: from when on nobody needs the value. */
const UNTIL = 192
/** Who is putting a new key into the bucket; 0: nobody. */
const LOCK = 224
const BUCKET_WORDS = 256
const BUCKET_BYTES = BUCKET_WORDS * 4

const BUSY = 0x80000000 | 0
const GENERATION = 1 << 19
const VALUE_HIGH = GENERATION - 1
const TICK_US = 100_000
/** Nearly seven years after the process began: what is to stay longer stays as long as that. */
const LAST_TICK = 2 ** 31 - 1

/** Attempts to have a lock before the thread sleeps for a millisecond: a holder that runs needs less than one of them takes. */
const SPINS = 200
const SLEEPS = 50

/**
 * Numbers by key in memory that threads share, exact and without locks for a key that is there.
 *
 * A bucket has 32 slots, and a key stays in the slot that it was given until its time is over; then another key may
 * have the slot. The state of a slot is one word with a generation in it, which each new key moves on: whoever has
 * read the state, then the key, and then swaps the state against what it read, has changed what belongs to that
 * key, or nothing. Only a new key takes the bucket's lock, so that two threads do not put it into two slots. A thread
 * that dies holding it is cleaned up after (`release`).
 *
 * Nothing that is still needed gives way to a new key: who could push out a neighbour's state, or its own, would have
 * no limit. A bucket without a free slot says `full`.
 */
export class CounterArea {
  static bytes(buckets: number): number {
    return buckets * BUCKET_BYTES
  }

  private readonly words: Int32Array
  private readonly states: BigInt64Array
  private readonly mask: number
  private readonly owner: number
  // What `find` has found: one object less for each look-up.
  private slot = 0
  private state = 0n
  private readonly whole = new BigInt64Array(1)
  private readonly half = new Int32Array(this.whole.buffer)

  /** `memory` is `bytes` of a power of two of buckets, zero at first. `owner`: a number above 0 that no other thread has. */
  constructor(memory: SharedArrayBuffer, owner: number, offset = 0, length = memory.byteLength) {
    this.words = new Int32Array(memory, offset, length / 4)
    this.states = new BigInt64Array(memory, offset, length / 8)
    this.mask = length / BUCKET_BYTES - 1
    this.owner = owner
  }

  /** The value of a key; 0 where there is none, or its time is over. */
  read(key: Hash128, nowUs: number): number {
    const bucket = this.bucketOf(key)
    for (;;) {
      if (!this.find(bucket, key)) return 0
      const value = this.current(bucket, tickOf(nowUs))
      // The time and the value are two words: what was read of them belongs together if the state is still the same.
      if (this.load(bucket, this.slot) === this.state) return value
    }
  }

  /** For how many keys there is one. */
  get places(): number {
    return (this.mask + 1) * SLOTS
  }

  /** Whether the key has a slot, be its time over or not. */
  has(key: Hash128): boolean {
    return this.find(this.bucketOf(key), key)
  }

  /**
   * Puts `next` in the place of `seen`, which `read` gave, and keeps it at least until `untilUs`. `slots`: a new key has
   * one of so many of its bucket, the first ones.
   */
  swap(
    key: Hash128,
    seen: number,
    next: number,
    untilUs: number,
    nowUs: number,
    slots: number = SLOTS,
  ): Outcome {
    const bucket = this.bucketOf(key)
    const tick = tickOf(nowUs)
    const until = Math.min(LAST_TICK, tickOf(untilUs) + 1)
    if (!this.find(bucket, key))
      return seen === 0 ? this.insert(bucket, key, next, until, tick, slots) : 'changed'
    if (this.current(bucket, tick) !== seen) return 'changed'
    if (seen === 0 && this.value() !== 0 && !this.forget(bucket)) return 'changed'
    this.prolong(bucket + UNTIL + this.slot, until)
    const generation = this.generation() + (seen === next ? GENERATION : 0)
    return this.replace(bucket, this.slot, this.state, this.pack(generation & ~BUSY, next))
      ? 'done'
      : 'changed'
  }

  /** What a thread left locked or half made is freed. To be called once it has ended, before another has its number. */
  release(owner: number): void {
    for (let bucket = 0; bucket < this.words.length; bucket += BUCKET_WORDS) {
      if (Atomics.load(this.words, bucket + LOCK) !== owner) continue
      for (let slot = 0; slot < SLOTS; slot++) this.freeIfBusy(bucket, slot)
      Atomics.store(this.words, bucket + LOCK, 0)
    }
  }

  private bucketOf({ d }: Hash128): number {
    return (d & this.mask) * BUCKET_WORDS
  }

  /** Leaves the slot, and its state as it was before the key was compared. */
  private find(bucket: number, { a, b, c, d }: Hash128): boolean {
    const { words } = this
    const first = firstWord(a)
    for (let slot = 0; slot < SLOTS; slot++) {
      const found = Atomics.load(words, bucket + slot)
      // Slots are filled from the first on, and never empty again.
      if (found === 0) return false
      if (found !== first) continue
      const state = this.load(bucket, slot)
      if (
        Atomics.load(words, bucket + slot) !== first ||
        Atomics.load(words, bucket + KEY_B + slot) !== b ||
        Atomics.load(words, bucket + KEY_C + slot) !== c ||
        Atomics.load(words, bucket + KEY_D + slot) !== d
      )
        continue
      this.unpack(state)
      // Somebody is giving the slot to another key, or this one is being put in: the lock decides.
      if (this.half[1]! < 0) continue
      this.slot = slot
      this.state = state
      return true
    }
    return false
  }

  private insert(
    bucket: number,
    key: Hash128,
    next: number,
    until: number,
    tick: number,
    slots: number,
  ): Outcome {
    if (!this.lock(bucket)) return 'full'
    try {
      // It may have been put in while this thread waited.
      if (this.find(bucket, key)) return 'changed'
      for (let slot = 0; slot < slots; slot++)
        if (this.claim(bucket, slot, tick)) return this.put(bucket, slot, key, next, until)
      return 'full'
    } finally {
      Atomics.store(this.words, bucket + LOCK, 0)
    }
  }

  /** Takes a slot that is free or whose time is over; the state of the latter is busy from then on. */
  private claim(bucket: number, slot: number, tick: number): boolean {
    if (Atomics.load(this.words, bucket + slot) === 0) return true
    // Before the time: a swap that prolongs it changes the state afterwards, and then it cannot be replaced here.
    const state = this.load(bucket, slot)
    if (Atomics.load(this.words, bucket + UNTIL + slot) >= tick) return false
    this.unpack(state)
    return this.replace(bucket, slot, state, this.pack((this.generation() + GENERATION) | BUSY, 0))
  }

  private put(bucket: number, slot: number, key: Hash128, next: number, until: number): Outcome {
    const { words } = this
    const fresh = Atomics.load(words, bucket + slot) === 0
    this.unpack(this.load(bucket, slot))
    const state = this.pack(this.generation() & ~BUSY, next)
    Atomics.store(words, bucket + KEY_B + slot, key.b)
    Atomics.store(words, bucket + KEY_C + slot, key.c)
    Atomics.store(words, bucket + KEY_D + slot, key.d)
    Atomics.store(words, bucket + UNTIL + slot, until)
    // A slot that was never used is seen from its first word on, another one from its state on: that comes last.
    if (fresh) this.store(bucket, slot, state)
    Atomics.store(words, bucket + slot, firstWord(key.a))
    if (!fresh) this.store(bucket, slot, state)
    return 'done'
  }

  /** A slot that a dead thread was giving to another key: its time is over, and nobody finds it. */
  private freeIfBusy(bucket: number, slot: number): void {
    this.unpack(this.load(bucket, slot))
    if (this.half[1]! >= 0) return
    Atomics.store(this.words, bucket + UNTIL + slot, -1)
    this.store(bucket, slot, this.pack(this.generation() & ~BUSY, 0))
  }

  /** What is found: its value, or 0 where its time is over. */
  private current(bucket: number, tick: number): number {
    return Atomics.load(this.words, bucket + UNTIL + this.slot) < tick ? 0 : this.value()
  }

  /**
   * Takes away a value whose time is over, before that is prolonged: nobody may find the old value with the new time. A
   * new generation, so that no claim which has seen the old time succeeds.
   */
  private forget(bucket: number): boolean {
    const state = this.pack((this.generation() + GENERATION) & ~BUSY, 0)
    if (!this.replace(bucket, this.slot, this.state, state)) return false
    this.state = state
    return true
  }

  /** False where the lock cannot be had within a twentieth of a second: its holder has died, and is not cleaned up after yet. */
  private lock(bucket: number): boolean {
    const at = bucket + LOCK
    for (let i = 0; i < SPINS; i++)
      if (Atomics.compareExchange(this.words, at, 0, this.owner) === 0) return true
    for (let i = 0; i < SLEEPS; i++) {
      const holder = Atomics.load(this.words, at)
      if (holder !== 0) Atomics.wait(this.words, at, holder, 1)
      if (Atomics.compareExchange(this.words, at, 0, this.owner) === 0) return true
    }
    return false
  }

  /** Only ever longer: one who comes late does not shorten what another has prolonged. */
  private prolong(at: number, until: number): void {
    for (;;) {
      const there = Atomics.load(this.words, at)
      if (there >= until || Atomics.compareExchange(this.words, at, there, until) === there) return
    }
  }

  private replace(bucket: number, slot: number, seen: bigint, next: bigint): boolean {
    return Atomics.compareExchange(this.states, ((bucket + STATE) >> 1) + slot, seen, next) === seen
  }

  private load(bucket: number, slot: number): bigint {
    return Atomics.load(this.states, ((bucket + STATE) >> 1) + slot)
  }

  private store(bucket: number, slot: number, state: bigint): void {
    Atomics.store(this.states, ((bucket + STATE) >> 1) + slot, state)
  }

  /** Halves of a state by way of memory: arithmetic on BigInt allocates for each step. */
  private unpack(state: bigint): void {
    this.whole[0] = state
  }

  private pack(generation: number, value: number): bigint {
    this.half[0] = value | 0
    this.half[1] = generation | Math.floor(value / 0x100000000)
    return this.whole[0]!
  }

  private generation(): number {
    return this.half[1]! & ~VALUE_HIGH
  }

  private value(): number {
    return (this.half[1]! & VALUE_HIGH) * 0x100000000 + (this.half[0]! >>> 0)
  }
}

/** 0 says that a slot was never used. */
function firstWord(a: number): number {
  return a === 0 ? 1 : a
}

function tickOf(us: number): number {
  return Math.floor(us / TICK_US)
}
