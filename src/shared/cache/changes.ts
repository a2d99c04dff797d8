import { KeyHash } from '../key-hash.ts'

/** Counters; a power of two, as many as there may be stored answers: of two changes one at most hits what it is not about. */
const COUNTERS = 1 << 18

/**
 * How often what is at a URL was changed: counters that all workers share, by a hash under a secret. What was asked
 * before a change, in whichever worker, is known by the number that it has seen: it is neither stored nor given after it.
 * Two URLs may have one counter, and then a change of one has the other asked for once more.
 */
export class Changes {
  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(COUNTERS * 4)
  }

  private readonly counters: Int32Array
  private readonly hash: KeyHash

  constructor(memory: SharedArrayBuffer, secret: Uint8Array) {
    this.counters = new Int32Array(memory)
    this.hash = new KeyHash(new KeyHash(secret).derive('changes'))
  }

  /** However the URL is written: case of the host, a port that goes without saying. */
  placeOf(url: string): number {
    return this.hash.of(plainUrl(url)).a & (COUNTERS - 1)
  }

  count(place: number): number {
    return Atomics.load(this.counters, place)
  }

  changed(url: string): void {
    Atomics.add(this.counters, this.placeOf(url), 1)
  }
}

/** Of a URL as clients write it: names of hosts know no case, and the port that goes without saying is not said. */
export function plainUrl(url: string): string {
  const [origin = '', scheme] = /^(https?):\/\/[^/]*/i.exec(url) ?? []
  const lower = origin.toLowerCase().replace(scheme?.toLowerCase() === 'https' ? /:443$/ : /:80$/, '')
  return lower + url.slice(origin.length)
}
