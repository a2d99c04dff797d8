import type { BalancerType, Candidate, RandomSource } from './balancer.ts'
import { hash, mixed } from './hash.ts'
import { HashBalancer } from './hash-balancer.ts'
import {
  hashSettings,
  LEAST_RING,
  MOST_RING,
  textOf,
  type HashBalancing,
  type HashSettings,
} from './hash-settings.ts'

export const ringHash: BalancerType<HashBalancing> = {
  type: 'RingHash',
  does: 'so on a ring',
  sticky: true,
  settings: hashSettings,
  make: ({ consistentHash: settings }, { random }) => new RingHash(settings, random),
}

/**
 * Ketama's ring (Karger et al., "Consistent Hashing and Random Trees", 1997): each
 * endpoint has places on it by its weight, and a request the next place from its own.
 *
 * An endpoint's places depend on its weight beside the heaviest and on nothing
 * else, so that with one that goes nobody else's places move. Envoy has a number of
 * places that is shared out anew whenever the number of endpoints changes, where
 * about as many others move.
 */
class RingHash<E extends Candidate> extends HashBalancer<E> {
  private readonly least: number
  private readonly most: number
  private places = new Uint32Array(0)
  /** Indexes of endpoints, by place. */
  private whose = new Int32Array(0)

  constructor(settings: HashSettings, random: RandomSource) {
    super(textOf(settings), random)
    this.least = settings.minimumRingSize ?? LEAST_RING
    this.most = settings.maximumRingSize ?? MOST_RING
  }

  protected build(): void {
    const { endpoints } = this
    const counts = placesOf(
      endpoints.map(({ weight }) => weight),
      this.least,
      this.most,
    )
    const size = counts.reduce((sum, count) => sum + count, 0)
    const places = new Uint32Array(size)
    const whose = new Int32Array(size)
    let at = 0
    // By key, so that of two with one place the same one is first in every worker.
    for (const index of [...endpoints.keys()].sort((a, b) =>
      endpoints[a]!.key < endpoints[b]!.key ? -1 : 1,
    )) {
      const seed = hash(endpoints[index]!.key)
      for (let i = 1; i <= counts[index]!; i++) {
        places[at] = mixed(seed ^ mixed(i))
        whose[at++] = index
      }
    }
    sortByPlace(places, whose)
    this.places = places
    this.whose = whose
  }

  protected of(hashed: number, exclude: E | null): E {
    const { endpoints, whose } = this
    let at = this.next(hashed >>> 0)
    let endpoint = endpoints[whose[at]!]!
    while (endpoint === exclude) {
      at = at + 1 < whose.length ? at + 1 : 0
      endpoint = endpoints[whose[at]!]!
    }
    return endpoint
  }

  /** The first place that is not before it; around the ring where there is none. */
  private next(hashed: number): number {
    const { places } = this
    let low = 0
    let high = places.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (places[middle]! < hashed) low = middle + 1
      else high = middle
    }
    return low < places.length ? low : 0
  }
}

/**
 * How many places each has, of `least` on the whole with two of one weight. In steps of two, so that small changes of
 * weights, and of how many there are, change nothing for others.
 */
function placesOf(weights: readonly number[], least: number, most: number): readonly number[] {
  const heaviest = Math.max(...weights)
  let each = Math.ceil(least / 2) / 2 ** Math.floor(Math.log2(heaviest))
  const counts = (): number[] => weights.map(weight => Math.max(1, Math.round(weight * each)))
  let found = counts()
  while (found.reduce((sum, count) => sum + count, 0) > most && found.some(count => count > 1)) {
    each /= 2
    found = counts()
  }
  return found
}

/** By radix, 11 bits at a time, which leaves equal ones in their order: 131,072 take 2 ms, where Float64Array.sort takes 20. */
function sortByPlace(places: Uint32Array, whose: Int32Array): void {
  const size = places.length
  let from = places
  let to: typeof places = new Uint32Array(size)
  let fromWhose = whose
  let toWhose: typeof whose = new Int32Array(size)
  for (let shift = 0; shift < 33; shift += 11) {
    const ends = new Uint32Array(2049)
    for (let i = 0; i < size; i++) ends[((from[i]! >>> shift) & 2047) + 1]!++
    for (let digit = 0; digit < 2048; digit++) ends[digit + 1]! += ends[digit]!
    for (let i = 0; i < size; i++) {
      const at = ends[(from[i]! >>> shift) & 2047]!++
      to[at] = from[i]!
      toWhose[at] = fromWhose[i]!
    }
    ;[from, to, fromWhose, toWhose] = [to, from, toWhose, fromWhose]
  }
  places.set(from)
  whose.set(fromWhose)
}
