import type { BalancerType, Candidate, RandomSource } from './balancer.ts'
import { hash, mixed } from './hash.ts'
import { HashBalancer } from './hash-balancer.ts'
import { hashSettings, TABLE_SIZE, textOf, type HashBalancing, type HashSettings } from './hash-settings.ts'

export const maglev: BalancerType<HashBalancing> = {
  type: 'Maglev',
  does: 'so in a table',
  sticky: true,
  settings: hashSettings,
  make: ({ consistentHash: settings }, { random }) => new Maglev(settings, random),
}

/** Tells the two numbers apart that are made of one key. */
const SKIP_SEED = 0x9e3779b9

/**
 * Maglev hashing (Eisenbud et al., "Maglev: A Fast and Reliable Software Network
 * Load Balancer", 2016, §3.4): endpoints take places of a table in turn, each in an
 * order of its own, the heavier the more often. Shares are exact to a place; with an
 * endpoint that goes, a few of the others' places change hands, too.
 */
class Maglev<E extends Candidate> extends HashBalancer<E> {
  private readonly size: number
  /** Indexes of endpoints. */
  private table = new Int32Array(0)

  constructor(settings: HashSettings, random: RandomSource) {
    super(textOf(settings), random)
    this.size = settings.tableSize ?? TABLE_SIZE
  }

  protected build(): void {
    const { endpoints, size } = this
    const table = new Int32Array(size).fill(-1)
    const takers = endpoints.map((endpoint, index) => new Taker(endpoint, index, size))
    // By key, so that the turns are the same in every worker.
    takers.sort((a, b) => (a.key < b.key ? -1 : 1))
    const heaviest = Math.max(...endpoints.map(({ weight }) => weight))
    let left = size
    while (left > 0)
      for (const taker of takers) {
        if (!taker.hasTurn(heaviest)) continue
        taker.take(table)
        if (--left === 0) break
      }
    this.table = table
  }

  protected of(hashed: number, exclude: E | null): E {
    const { endpoints, table, size } = this
    let at = (hashed >>> 0) % size
    let endpoint = endpoints[table[at]!]!
    // From a place to the next: neighbours are as good as drawn at random.
    for (let steps = 0; endpoint === exclude && steps < size; steps++) {
      at = at + 1 < size ? at + 1 : 0
      endpoint = endpoints[table[at]!]!
    }
    return endpoint === exclude ? this.another(exclude) : endpoint
  }

  /** Where the table has fewer places than there are endpoints. */
  private another(exclude: E): E {
    return this.endpoints.find(endpoint => endpoint !== exclude)!
  }
}

/** An endpoint, and its way through the table. */
class Taker {
  readonly key: string
  private readonly weight: number
  private readonly index: number
  private readonly skip: number
  private readonly size: number
  private at: number
  private credit = 0

  constructor({ key, weight }: Candidate, index: number, size: number) {
    this.key = key
    this.weight = weight
    this.index = index
    this.size = size
    const hashed = hash(key)
    this.at = (hashed >>> 0) % size
    this.skip = (mixed(hashed ^ SKIP_SEED) % (size - 1)) + 1
  }

  /** The heaviest one each time, others as often as their weight is of that. */
  hasTurn(heaviest: number): boolean {
    this.credit += this.weight
    if (this.credit < heaviest) return false
    this.credit -= heaviest
    return true
  }

  take(table: Int32Array): void {
    while (table[this.at]! >= 0) this.step()
    table[this.at] = this.index
    this.step()
  }

  private step(): void {
    this.at = (this.at + this.skip) % this.size
  }
}
