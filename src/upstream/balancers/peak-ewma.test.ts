import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../../../test/support/clock.ts'
import { seeded } from '../../../test/support/seeded.ts'
import { makeBalancer } from '../balancers.ts'
import type { PeakLatency } from '../peak-latency.ts'

class Server {
  readonly key: string
  active = 0
  weight: number
  latency: PeakLatency | null = null
  served = 0
  /** How long an answer takes, and whether it is one. */
  latencyMs: number
  fails = false

  constructor(key: string, latencyMs: number, weight = 1) {
    this.key = key
    this.latencyMs = latencyMs
    this.weight = weight
  }
}

/** Requests that come every `everyMs`, answered after the time of whoever they came to. */
function world(servers: readonly Server[], everyMs: number) {
  const clock = new FakeClock()
  const balancer = makeBalancer<Server>({ type: 'PeakEWMA' }, seeded(11), clock)
  balancer.update(servers)
  const send = (): void => {
    const server = balancer.pick(null, null)!
    server.served++
    server.active++
    clock.after(server.latencyMs, () => {
      server.active--
      server.latency!.observe(server.latencyMs, server.fails)
    })
  }
  const run = (requests: number): Record<string, number> => {
    for (const server of servers) server.served = 0
    for (let i = 0; i < requests; i++) {
      send()
      clock.advance(everyMs)
    }
    return Object.fromEntries(servers.map(({ key, served }) => [key, served / requests]))
  }
  return { run, balancer, clock }
}

const fleet = (count: number): Server[] =>
  Array.from({ length: count }, (_, i) => new Server(`10.0.0.${i + 1}:80`, 20))

test('alike, they share alike', () => {
  const shares = world(fleet(10), 1).run(20_000)
  for (const share of Object.values(shares)) assert.ok(share > 0.08 && share < 0.12, JSON.stringify(shares))
})

test('one that begins to stall keeps a small part of its share, and has it back when it is well', () => {
  const all = fleet(10)
  const { run } = world(all, 1)
  run(2000)
  all[0]!.latencyMs = 1000
  // A second, until the first slow answer comes, and its requests in flight are all that is known.
  run(1000)
  const stalled = run(5000)
  assert.ok(stalled[all[0]!.key]! < 0.01, JSON.stringify(stalled))
  all[0]!.latencyMs = 20
  run(60_000)
  const well = run(20_000)
  assert.ok(well[all[0]!.key]! > 0.06, JSON.stringify(well))
})

test('one that fails at once is not taken for the fastest', () => {
  const all = fleet(5)
  const { run } = world(all, 2)
  run(1000)
  all[0]!.latencyMs = 0.2
  all[0]!.fails = true
  run(1000)
  const shares = run(5000)
  assert.ok(shares[all[0]!.key]! < 0.02, JSON.stringify(shares))
})

test('what is twice as slow gets about half', () => {
  const all = fleet(10)
  for (const server of all.slice(5)) server.latencyMs = 40
  const { run } = world(all, 0.5)
  run(5000)
  const shares = run(40_000)
  const slow = all.slice(5).reduce((sum, { key }) => sum + shares[key]!, 0)
  assert.ok(slow > 0.2 && slow < 0.45, JSON.stringify(shares))
})

test('under load they share by weight', () => {
  const all = [new Server('a', 20, 1), new Server('b', 20, 3)]
  const shares = world(all, 0.2).run(40_000)
  assert.ok(shares['a']! > 0.2 && shares['a']! < 0.3, JSON.stringify(shares))
})

test('what has not answered yet is chosen by its load alone', () => {
  const [known, fresh] = [new Server('a', 1), new Server('b', 1)]
  const { balancer } = world([known, fresh], 1)
  known.latency!.observe(1, false)
  fresh.active = 1
  for (let i = 0; i < 20; i++) assert.equal(balancer.pick(null, null), known)
  fresh.active = 0
  known.active = 1
  for (let i = 0; i < 20; i++) assert.equal(balancer.pick(null, null), fresh)
})
