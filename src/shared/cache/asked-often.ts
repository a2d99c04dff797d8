import { KeyHash } from '../key-hash.ts'

/** Counters; a power of two. */
const COUNTERS = 1 << 16
/** So many questions after which those before count half. */
const HALVED_AFTER = 1 << 17

/**
 * How often was asked lately for what is not stored, about: counters that all workers share, by a hash under a secret.
 * Two URLs may have one counter; which ones, nobody outside can find out. Counting is not exact where two threads count
 * at once.
 */
export class AskedOften {
  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(COUNTERS)
  }

  private readonly counters: Uint8Array
  private readonly hash: KeyHash
  private questions = 0

  constructor(memory: SharedArrayBuffer, secret: Uint8Array) {
    this.counters = new Uint8Array(memory)
    this.hash = new KeyHash(secret)
  }

  /** Counts this one too. */
  count(key: string): number {
    const { counters } = this
    const at = this.hash.of(key).a & (COUNTERS - 1)
    const now = Math.min(255, counters[at]! + 1)
    counters[at] = now
    if (++this.questions % HALVED_AFTER === 0) for (let i = 0; i < COUNTERS; i++) counters[i]! >>= 1
    return now
  }
}
