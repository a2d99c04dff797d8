import type { BalancerType, Candidate } from './balancer.ts'
import { hash, mixed } from './hash.ts'
import { HashBalancer } from './hash-balancer.ts'
import { hashSettings, textOf, type HashBalancing } from './hash-settings.ts'

export const consistentHash: BalancerType<HashBalancing> = {
  type: 'ConsistentHash',
  does: 'by a hash of what comes each time',
  sticky: true,
  settings: hashSettings,
  make: ({ consistentHash: settings }, { random }) => new ConsistentHash(textOf(settings), random),
}

/**
 * Rendezvous hashing (Thaler and Ravishankar, 1998): a request and each endpoint
 * make a number, and the highest has it, in shares by weight (the logarithmic
 * method: Schindelhauer and Schomaker, 2005). All workers and nodes choose the
 * same. With an endpoint that goes only its own requests go elsewhere, each to
 * the one that was second for it, and with one that comes (back) only those that
 * are its own come to it.
 *
 * A choice looks at each endpoint: of 10 it takes 0.2 µs, of 256 four. RingHash and
 * Maglev take the same for any number, with a table to fill with each change, and
 * shares and moves that are only nearly right.
 */
class ConsistentHash<E extends Candidate> extends HashBalancer<E> {
  private seeds = new Int32Array(0)

  protected build(): void {
    this.seeds = Int32Array.from(this.endpoints, ({ key }) => hash(key))
  }

  protected of(hashed: number, exclude: E | null): E {
    const { endpoints, seeds } = this
    let best = endpoints[0]!
    let most = -Infinity
    for (let i = 0; i < endpoints.length; i++) {
      const endpoint = endpoints[i]!
      if (endpoint === exclude) continue
      // Of a number that is uniform in (0, 1), -weight / ln is highest in the share of its weight.
      const score = -endpoint.weight / Math.log((mixed(hashed ^ seeds[i]!) + 0.5) / 2 ** 32)
      if (score <= most) continue
      most = score
      best = endpoint
    }
    return best
  }
}
