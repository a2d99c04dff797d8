import type { Cluster } from '../snapshot/snapshot.ts'
import { LeastRequest } from './balancer-least-request.ts'
import { Random } from './balancer-random.ts'
import { RoundRobin } from './balancer-round-robin.ts'
import type { Balancer, Candidate, RandomSource } from './balancer.ts'

/** A new balancer is one file and one line here. */
export function makeBalancer<E extends Candidate>(
  type: Cluster['balancer'],
  random: RandomSource = Math.random,
): Balancer<E> {
  switch (type) {
    case 'round-robin':
      return new RoundRobin(random)
    case 'least-request':
      return new LeastRequest(random)
    case 'random':
      return new Random(random)
  }
}
