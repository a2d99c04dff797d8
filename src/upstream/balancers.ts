import type { Balancing } from '../snapshot/cluster.ts'
import type { Balancer, BalancerType, Candidate, RandomSource } from './balancers/balancer.ts'
import { consistentHash } from './balancers/consistent-hash.ts'
import { leastRequest } from './balancers/least-request.ts'
import { maglev } from './balancers/maglev.ts'
import { peakEwma } from './balancers/peak-ewma.ts'
import { random as atRandom } from './balancers/random.ts'
import { ringHash } from './balancers/ring-hash.ts'
import { roundRobin } from './balancers/round-robin.ts'
import { systemClock, type Clock } from './clock.ts'

/** Every balancer, in the order in which users are told of them: a new one is its file and a line here. */
export const balancers: readonly BalancerType[] = [
  roundRobin,
  leastRequest,
  peakEwma,
  atRandom,
  consistentHash,
  ringHash,
  maglev,
]

/** Throws where there is none of this type. */
export function makeBalancer<E extends Candidate>(
  balancing: Balancing,
  random: RandomSource = Math.random,
  clock: Clock = systemClock,
): Balancer<E> {
  const found = balancers.find(({ type }) => type === balancing.type)
  if (found === undefined) throw new Error(`there is no balancer ${balancing.type}`)
  return found.make(balancing, { random, clock })
}
