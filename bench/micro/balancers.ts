/**
 * What a choice costs by each balancer, and what it costs to make one ready when endpoints change: `node
 * bench/micro/balancers.ts`. Numbers of one run are in docs/adr/0064 and 0063.
 */
import { balancers, makeBalancer } from '../../src/upstream/balancers.ts'
import type { Candidate, PickInfo } from '../../src/upstream/balancers/balancer.ts'
import { coverage, subsetOf } from '../../src/upstream/choice/subsets.ts'
import { zoneFactors } from '../../src/upstream/choice/zones.ts'

const say = (...columns: readonly (string | number)[]): void =>
  console.log(columns.map((column, i) => String(column).padEnd(i === 0 ? 32 : 14)).join(''))

/** The least of several rounds, of CPU time: others use the machine as well. So many times in each, for its clock has coarse steps. */
function msOf(what: (i: number) => void, times: number): number {
  let least = Infinity
  for (let round = 0; round < 5; round++) {
    const start = process.threadCpuUsage()
    for (let i = 0; i < times; i++) what(i)
    const { user, system } = process.threadCpuUsage(start)
    least = Math.min(least, (user + system) / 1e3 / times)
  }
  return least
}

const endpoints = (count: number): Candidate[] =>
  Array.from({ length: count }, (_, i) => ({ key: `10.0.${i >> 8}.${i & 255}:80`, weight: 1, active: 0 }))

const clients: readonly PickInfo[] = Array.from({ length: 1024 }, (_, i) => ({
  clientAddress: `192.0.2.${i}`,
  request: null,
  principal: null,
}))

const PICKS = 2_000_000
const FILLS = 20

say('balancer', 'endpoints', 'ns a choice', 'ms to fill')
for (const { type, settings } of balancers)
  for (const count of [10, 256, 1000]) {
    const balancing = { type, ...(settings && { [settings.name]: { source: 'ClientAddress' } }) }
    const all = endpoints(count)
    const filled = msOf(() => makeBalancer(balancing).update(all), FILLS)
    const balancer = makeBalancer(balancing)
    balancer.update(all)
    const times = type === 'ConsistentHash' ? PICKS / count : PICKS
    const picked = msOf(i => balancer.pick(null, clients[i & 1023]!), times)
    say(type, count, (picked * 1e6).toFixed(0), filled.toFixed(1))
  }

say('')
say('when endpoints change', 'endpoints', 'ms')
for (const count of [100, 1000, 5000]) {
  const keys = endpoints(count).map(({ key }) => key)
  const place = { index: 0, process: 'gateway' }
  say(
    'subset of 8 workers',
    count,
    msOf(() => subsetOf(keys, coverage(count, 50, 8), 8, place), FILLS).toFixed(2),
  )
  const zoned = keys.map((_, i) => ({ zone: 'abc'[i % 3]!, declaredWeight: 1 }))
  const preference = { minEndpoints: 1, percent: 100 }
  const factors = msOf(() => zoneFactors(zoned, zoned, { name: 'a', share: null }, preference), FILLS)
  say('factors of zones', count, factors.toFixed(2))
}
