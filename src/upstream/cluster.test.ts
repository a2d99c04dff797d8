import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type * as snapshot from '../snapshot/cluster.ts'
import type { HealthChecks } from '../snapshot/health.ts'
import { FakeClock } from '../../test/support/clock.ts'
import { clusterOf } from '../../test/support/cluster.ts'
import type { Place } from './choice/place.ts'
import type { Cluster } from './cluster.ts'
import { ClusterTable } from './clusters.ts'
import type { DnsLookup } from './dns.ts'
import type { Endpoint, EndpointPool } from './endpoint.ts'

class FakePool implements EndpointPool {
  closed = 0
  spare = 0
  readonly key: string

  constructor(key: string) {
    this.key = key
  }

  /** What those do whom its end refuses. */
  onClose: () => void = () => {}

  close(): void {
    this.closed++
    this.onClose()
  }
}

/** `10.0.0.1:80`, or with a weight `10.0.0.1:80*3`. */
const endpoints = (...texts: string[]): snapshot.Endpoint[] =>
  texts.map(text => {
    const [, address = '', port = '', weight = '1'] = /^(.*):(\d+)(?:\*(\d+))?$/.exec(text) ?? []
    return { address, port: Number(port), weight: Number(weight) }
  })

function world(options: { workers?: number; lookup?: DnsLookup; place?: Place } = {}) {
  const clock = new FakeClock()
  const pools: FakePool[] = []
  const log: string[] = []
  const table = new ClusterTable<FakePool>({
    makePool(endpoint) {
      const pool = new FakePool(endpoint.key)
      pools.push(pool)
      return pool
    },
    clock,
    random: () => 0.5,
    lookup: () => Promise.reject(new Error('no lookup in this test')),
    ...options,
    events: {
      onEjected: (cluster, endpoint, { failures }, forMs) =>
        log.push(`${cluster} ${endpoint} out ${failures} ${forMs}`),
      onBreaker: (cluster, state) => log.push(`${cluster} ${state}`),
      onRetryDecided: (cluster, paid) => paid || log.push(`${cluster} refused`),
      onReturned: (cluster, endpoint) => log.push(`${cluster} ${endpoint} back`),
      onPanic: (cluster, panics, well, of) =>
        log.push(`${cluster} ${panics ? 'panics' : 'calm'}: ${well} of ${of}`),
      onResolved: name => log.push(`${name} resolved`),
      onResolveFailed: (name, code) => log.push(`${name} ${code}`),
    },
  })
  const apply = (clusters: Record<string, string[]>, more: Partial<snapshot.Cluster> = {}): void => {
    table.apply(
      Object.keys(clusters).map(name => clusterOf(name, more)),
      Object.fromEntries(Object.entries(clusters).map(([name, list]) => [name, endpoints(...list)])),
    )
    table.sweep()
  }
  return { clock, pools, log, table, apply }
}

const keys = (cluster: Cluster<FakePool>): string[] => [...cluster.endpoints].map(({ key }) => key).sort()
const picks = (cluster: Cluster<FakePool>, times: number): string[] =>
  Array.from({ length: times }, () => cluster.pick()?.key ?? 'none').sort()

function find(cluster: Cluster<FakePool>, key: string): Endpoint<FakePool> {
  const found = [...cluster.endpoints].find(endpoint => endpoint.key === key)
  assert.ok(found, `no endpoint ${key}`)
  return found
}

test('a reload keeps clusters, endpoints and pools that stay, and closes those that go', () => {
  const w = world()
  w.apply({ a: ['10.0.0.1:80', '10.0.0.2:80'], b: ['10.0.0.3:80'] })
  const a = w.table.get('a')!
  const b = w.table.get('b')!
  const stays = find(a, '10.0.0.1:80')
  const [one, two, three] = [stays, find(a, '10.0.0.2:80'), find(b, '10.0.0.3:80')].map(({ pool }) => pool)
  stays.begin()

  w.apply({ a: ['10.0.0.1:80', '10.0.0.4:80'], c: [] })
  assert.equal(w.table.get('a'), a)
  assert.equal(find(a, '10.0.0.1:80'), stays)
  assert.equal(stays.pool, one)
  assert.equal(stays.active, 1)
  assert.deepEqual(keys(a), ['10.0.0.1:80', '10.0.0.4:80'])
  assert.deepEqual([one!.closed, two!.closed, three!.closed], [0, 1, 1])
  assert.equal(w.table.get('b'), undefined)
})

test('a cluster that has gone is swept on until nothing of it is under way', () => {
  const holds: Record<string, (cluster: Cluster<FakePool>) => () => void> = {
    connection: cluster => {
      cluster.reserve()
      return () => cluster.unreserve()
    },
    'one that waits': cluster => {
      const waiter = { client: 'a', granted() {}, refused() {} }
      cluster.queue.wait(waiter, 0)
      return () => cluster.queue.leave(waiter)
    },
    'one that gathers': cluster => {
      const gatherer = { client: 'a', released() {}, displaced() {} }
      cluster.pressure.gather(gatherer, 0)
      return () => cluster.pressure.leave(gatherer)
    },
  }
  for (const [what, hold] of Object.entries(holds)) {
    const w = world()
    w.apply({ a: ['10.0.0.1:80'] }, { maxPending: 1 })
    const a = w.table.get('a')!
    const release = hold(a)
    w.apply({ b: [] })
    assert.deepEqual([...w.table.alive()], [w.table.get('b'), a], what)
    release()
    assert.deepEqual([...w.table.alive()], [w.table.get('b')], what)
    w.apply({ a: ['10.0.0.1:80'] })
    assert.deepEqual([...w.table.alive()], [w.table.get('a')], what)
  }
})

test('pools are made when first used', () => {
  const w = world()
  w.apply({ a: ['10.0.0.1:80'] })
  const endpoint = w.table.get('a')!.pick()!
  assert.equal(endpoint.openedPool, null)
  assert.equal(endpoint.pool, endpoint.pool)
  assert.deepEqual(
    w.pools.map(({ key }) => key),
    ['10.0.0.1:80'],
  )
})

test('an exchange that holds a removed endpoint or a drained cluster may finish, and leaves no open pool', () => {
  const w = world()
  w.apply({ a: ['10.0.0.1:80'] })
  const a = w.table.get('a')!
  const removed = a.pick()!
  w.table.setEndpoints('a', endpoints('10.0.0.2:80'))
  assert.equal(removed.pool.closed, 1, 'made after the removal, so closed from the start')
  w.apply({})
  const late = a.pick()
  assert.equal(late?.key, '10.0.0.2:80')
  assert.equal(late.pool.closed, 1)
})

test('who is refused by the end of an endpoint finds the new ones, and none that goes', () => {
  const w = world()
  w.apply({ a: ['10.0.0.1:80', '10.0.0.2:80'] })
  const a = w.table.get('a')!
  const found: (string | undefined)[] = []
  for (const endpoint of a.endpoints) endpoint.pool.onClose = () => found.push(a.pick()?.key)
  w.table.setEndpoints('a', endpoints('10.0.0.3:80'))
  assert.deepEqual(found, ['10.0.0.3:80', '10.0.0.3:80'])
})

test('endpoint changes take effect with the next choice', () => {
  const w = world()
  w.apply({ a: [] })
  const a = w.table.get('a')!
  assert.equal(a.pick(), null)
  assert.equal(a.unavailable, 'destination_unavailable')
  assert.equal(w.table.setEndpoints('a', endpoints('10.0.0.1:80', '10.0.0.2:80*3')), true)
  assert.deepEqual(picks(a, 4), ['10.0.0.1:80', '10.0.0.2:80', '10.0.0.2:80', '10.0.0.2:80'])
  w.table.setEndpoints('a', endpoints('10.0.0.1:80', '10.0.0.2:80'))
  assert.deepEqual(picks(a, 2), ['10.0.0.1:80', '10.0.0.2:80'])
  w.table.setEndpoints('a', [])
  assert.equal(a.pick(), null)
  assert.equal(w.table.setEndpoints('nobody', []), false)
})

test('whatever the changes, the endpoints are the last list and who stayed is the same object', () => {
  const lists = fc.array(fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { maxLength: 6 }), {
    minLength: 1,
    maxLength: 10,
  })
  fc.assert(
    fc.property(lists, history => {
      const w = world()
      w.apply({ a: [] })
      const a = w.table.get('a')!
      let before = new Map<string, Endpoint<FakePool>>()
      for (const list of history) {
        w.table.setEndpoints('a', endpoints(...list.map(n => `10.0.0.${n}:80`)))
        assert.deepEqual(keys(a), list.map(n => `10.0.0.${n}:80`).sort())
        assert.deepEqual(picks(a, list.length), keys(a))
        const now = new Map([...a.endpoints].map(endpoint => [endpoint.key, endpoint]))
        for (const [key, endpoint] of now) assert.equal(before.get(key) ?? endpoint, endpoint)
        before = now
      }
    }),
    { numRuns: 50 },
  )
})

test('an address that is listed twice is one endpoint with both weights; IPv6 keys have brackets', () => {
  const w = world()
  w.apply({ a: ['10.0.0.1:80', '10.0.0.1:80*2', '::1:80'] })
  const a = w.table.get('a')!
  assert.deepEqual(
    [...a.endpoints].map(({ key, weight }) => [key, weight]),
    [
      ['10.0.0.1:80', 3],
      ['[::1]:80', 1],
    ],
  )
})

test('a retry goes elsewhere if there is an elsewhere', () => {
  const w = world()
  w.apply({ a: ['10.0.0.1:80', '10.0.0.2:80'], b: ['10.0.0.3:80'] })
  const a = w.table.get('a')!
  for (let i = 0; i < 10; i++) {
    const first = a.pick()!
    assert.notEqual(a.pick(first), first)
  }
  const b = w.table.get('b')!
  assert.equal(b.pick(b.pick())?.key, '10.0.0.3:80')
})

test('ejection: out, told, survives a reload, back', () => {
  const w = world()
  w.apply({ a: ['10.0.0.1:80', '10.0.0.2:80'] })
  const a = w.table.get('a')!
  const bad = find(a, '10.0.0.1:80')
  bad.connectFailed('connection_refused', w.clock.now())
  bad.connectFailed('connection_refused', w.clock.now())
  assert.deepEqual(picks(a, 3), Array(3).fill('10.0.0.2:80'))
  w.apply({ a: ['10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80'] })
  assert.deepEqual(picks(a, 2), ['10.0.0.2:80', '10.0.0.3:80'])
  w.clock.advance(1_001)
  assert.deepEqual(picks(a, 3), ['10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80'])
  assert.deepEqual(w.log, ['a 10.0.0.1:80 out 2 1000', 'a 10.0.0.1:80 back'])
})

test('health: who is out and for how long, who fails, which names have no address', async () => {
  const w = world({
    lookup: name =>
      name === 'good.internal'
        ? Promise.resolve(['10.0.0.9'])
        : Promise.reject(Object.assign(new Error('none'), { code: 'ENOTFOUND' })),
  })
  w.apply({
    well: ['10.0.0.1:80', 'good.internal:80'],
    ejected: ['10.0.0.1:80', '10.0.0.2:80'],
    alone: ['10.0.0.3:80'],
    unknown: ['bad.internal:80'],
  })
  await w.table.settled()
  for (const [cluster, key] of [
    ['ejected', '10.0.0.1:80'],
    ['ejected', '10.0.0.1:80'],
    ['alone', '10.0.0.3:80'],
  ] as const) {
    w.table.get(cluster)!.pick()
    find(w.table.get(cluster)!, key).connectFailed('connection_refused', w.clock.now())
  }
  w.clock.advance(400)
  const serving = { state: 'serving', reason: '' } as const
  const whole = { ...serving, ejectedForMs: 0, failures: 0, failure: null, requestsPerS: 0 }
  const failing = { ...serving, ejectedForMs: 0, failures: 1, failure: 'connection_refused', requestsPerS: 0 }
  const used = { breaker: null, retries: { requests: 0, retries: 0, allowed: 100, intervalMs: 10_000 } }
  assert.deepEqual(w.table.health(null, 10), [
    {
      cluster: 'ejected',
      panics: false,
      ...used,
      endpoints: [
        {
          address: '10.0.0.1',
          port: 80,
          state: 'ejected',
          reason: 'connection_failures: 2 in a row',
          ejectedForMs: 600,
          failures: 2,
          failure: 'connection_refused',
          requestsPerS: 0,
        },
        { address: '10.0.0.2', port: 80, ...whole },
      ],
      names: [],
    },
    {
      cluster: 'alone',
      panics: false,
      ...used,
      endpoints: [{ address: '10.0.0.3', port: 80, ...failing }],
      names: [],
    },
    {
      cluster: 'unknown',
      panics: false,
      breaker: null,
      retries: null,
      endpoints: [],
      names: [{ name: 'bad.internal', state: 'failed', reason: 'name_not_found', addresses: [] }],
    },
  ])
  assert.deepEqual(w.table.health(['well', 'gone'], 10), [
    {
      cluster: 'well',
      panics: false,
      breaker: null,
      retries: null,
      endpoints: [
        { address: '10.0.0.1', port: 80, ...whole },
        { address: '10.0.0.9', port: 80, ...whole },
      ],
      names: [{ name: 'good.internal', state: 'good', reason: '', addresses: ['10.0.0.9'] }],
    },
  ])
  assert.equal(w.table.health(null, 1).length, 1)
  w.table.drain()
})

test('panic: when only ejected endpoints are left, they serve', () => {
  const w = world()
  w.apply({ a: ['10.0.0.1:80', '10.0.0.2:80'] })
  const a = w.table.get('a')!
  const bad = find(a, '10.0.0.1:80')
  bad.connectFailed('connection_refused', w.clock.now())
  bad.connectFailed('connection_refused', w.clock.now())
  w.table.setEndpoints('a', endpoints('10.0.0.1:80'))
  assert.equal(a.pick(), bad)
})

test('a new policy and a new balancer take effect on a cluster that lives', () => {
  const w = world()
  w.apply({ a: ['10.0.0.1:80', '10.0.0.2:80'] })
  const a = w.table.get('a')!
  const bad = find(a, '10.0.0.1:80')
  bad.connectFailed('connection_refused', w.clock.now())
  bad.connectFailed('connection_refused', w.clock.now())
  w.apply({ a: ['10.0.0.1:80', '10.0.0.2:80'] }, { ejection: null, balancer: { type: 'LeastRequest' } })
  assert.equal(bad.ejectedUntilMs, 0)
  find(a, '10.0.0.2:80').begin()
  assert.deepEqual(picks(a, 3), Array(3).fill('10.0.0.1:80'))
})

for (const [limit, workers, share] of [
  [0, 4, Infinity],
  [1, 4, 1],
  [10, 4, 3],
  [12, 4, 3],
  [7, 1, 7],
] as const)
  test(`a limit of ${limit} connections among ${workers} workers is ${share} in each`, () => {
    const w = world({ workers })
    w.apply({ a: [] }, { maxConnections: limit })
    const a = w.table.get('a')!
    assert.equal(a.maxConnections, share)
    for (let i = 0; i < Math.min(share, 20); i++) assert.equal(a.reserve(), true)
    assert.equal(a.reserve(), share === Infinity)
    a.unreserve()
    assert.equal(a.reserve(), true)
  })

test('who may wait: the share of maxPending, none when it is 0', () => {
  const w = world({ workers: 2 })
  w.apply({ a: [] }, { maxPending: 3 })
  const a = w.table.get('a')!
  assert.equal(a.maxPending, 2)
  a.pending = 1
  assert.equal(a.mayWait(), true)
  a.pending = 2
  assert.equal(a.mayWait(), false)
  w.apply({ a: [] }, { maxPending: 0 })
  a.pending = 0
  assert.equal(a.mayWait(), false)
})

for (const [what, connections, spare, pending, expected] of [
  ['nothing', 0, 0, 0, false],
  ['half of them', 2, 0, 0, false],
  ['more than half', 3, 0, 0, true],
  ['all, and half are idle', 4, 2, 0, false],
  ['all, of one half of the streams', 4, 1.5, 0, true],
  ['all, and most are idle', 4, 3, 0, false],
  ['next to nothing, but somebody waits', 1, 1, 1, true],
] as const)
  test(`pressure: ${what}: ${expected ? 'yes' : 'no'}`, () => {
    const w = world({ workers: 2 })
    w.apply({ a: ['10.0.0.1:80', '10.0.0.2:80'] }, { maxConnections: 8 })
    const a = w.table.get('a')!
    find(a, '10.0.0.1:80').pool.spare = spare
    a.connections = connections
    a.pending = pending
    assert.equal(a.pressed, expected)
  })

test('pressure: none from connections where they have no limit', () => {
  const w = world()
  w.apply({ a: ['10.0.0.1:80'] })
  const a = w.table.get('a')!
  a.connections = 100_000
  assert.equal(a.pressed, false)
})

test('names: endpoints appear with the answer, keep through failures, follow changes', async () => {
  let answer: readonly string[] | null = null
  const w = world({
    lookup: () => (answer === null ? Promise.reject(new Error('down')) : Promise.resolve(answer)),
  })
  const turn = () => new Promise(setImmediate)
  w.apply({ a: ['items.internal:80*2', '10.0.0.9:80'], b: ['items.internal:81'] })
  const a = w.table.get('a')!
  const b = w.table.get('b')!
  assert.equal(b.unavailable, 'destination_unavailable', 'not known yet is not an error yet')
  await w.table.settled()
  assert.deepEqual(keys(a), ['10.0.0.9:80'])
  assert.equal(b.pick(), null)
  assert.equal(b.unavailable, 'dns_error')

  answer = ['10.0.0.1', '::1']
  w.clock.advance(500)
  await turn()
  assert.deepEqual([...a.endpoints].map(({ key, weight }) => `${key}*${weight}`).sort(), [
    '10.0.0.1:80*2',
    '10.0.0.9:80*1',
    '[::1]:80*2',
  ])
  assert.deepEqual(keys(b), ['10.0.0.1:81', '[::1]:81'])
  const stays = find(b, '10.0.0.1:81')

  answer = null
  w.clock.advance(10_000)
  await turn()
  assert.deepEqual(keys(b), ['10.0.0.1:81', '[::1]:81'])

  answer = ['10.0.0.1']
  w.clock.advance(500)
  await turn()
  assert.deepEqual(keys(b), ['10.0.0.1:81'])
  assert.equal(find(b, '10.0.0.1:81'), stays)
  w.table.drain()
  assert.deepEqual(w.clock.waits, [], 'nothing is resolved for nobody')
})

test('a name that is in use stays resolved when a reload changes how often to ask', async () => {
  let asked = 0
  const w = world({ lookup: () => Promise.resolve([`10.0.0.${++asked}`]) })
  w.apply({ a: ['items.internal:80'] })
  await w.table.settled()
  const endpoint = w.table.get('a')!.pick()
  w.apply({ a: ['items.internal:80'] }, { dnsRefreshMs: 2_000 })
  assert.equal(w.table.get('a')!.pick(), endpoint)
  assert.equal(asked, 1)
  assert.deepEqual(w.clock.waits, [2_000])
  w.table.setEndpoints('a', endpoints('10.1.1.1:80'))
  assert.deepEqual(w.clock.waits, [])
})

test('settled waits for every name, and for nothing when there is none', async () => {
  const answers = new Map<string, (addresses: readonly string[]) => void>()
  const w = world({ lookup: name => new Promise(resolve => answers.set(name, resolve)) })
  w.apply({ a: ['10.0.0.1:80'] })
  await w.table.settled()
  w.apply({ a: ['one.internal:80', 'two.internal:80'] })
  let settled = false
  const waiting = w.table.settled().then(() => (settled = true))
  answers.get('one.internal')!(['10.0.0.1'])
  await new Promise(setImmediate)
  assert.equal(settled, false)
  answers.get('two.internal')!(['10.0.0.2'])
  await waiting
  assert.deepEqual(keys(w.table.get('a')!), ['10.0.0.1:80', '10.0.0.2:80'])
})

test('a drained cluster keeps nobody waiting', async () => {
  const w = world({ lookup: () => new Promise(() => {}) })
  w.apply({ a: ['one.internal:80'] })
  const waiting = w.table.settled()
  w.table.drain()
  await waiting
})

test('a cluster named like an inherited property has no endpoints of its own making', () => {
  const w = world()
  w.table.apply([clusterOf('constructor')], {})
  assert.equal(w.table.get('constructor')!.size, 0)
})

test('who is chosen by latency is told of each answer and failure, and nobody else is', () => {
  const w = world()
  w.apply({ a: ['10.0.0.1:80', '10.0.0.2:80'] }, { balancer: { type: 'PeakEWMA' } })
  const a = w.table.get('a')!
  const [fast, slow] = [find(a, '10.0.0.1:80'), find(a, '10.0.0.2:80')]
  fast.answered(200, 10)
  slow.answered(200, 30)
  assert.deepEqual(picks(a, 3), Array(3).fill(fast.key))
  for (let i = 0; i < 2; i++) fast.answered(503, 1)
  assert.deepEqual(picks(a, 3), Array(3).fill(slow.key))
  for (let i = 0; i < 2; i++) slow.broke('connection_terminated')
  assert.deepEqual(picks(a, 3), Array(3).fill(fast.key))
  fast.connectFailed('connection_refused', w.clock.now())
  fast.connectFailed('connection_refused', w.clock.now())
  assert.deepEqual(picks(a, 3), Array(3).fill(slow.key))
  w.apply({ a: ['10.0.0.1:80', '10.0.0.2:80'] })
  assert.deepEqual([fast.latency, slow.latency], [null, null])
})

test('an endpoint that comes into service is eased in, after an ejection too', () => {
  const w = world()
  const eased = {
    slowStartMs: 10_000,
    ejection: { consecutiveFailures: 1, baseEjectionMs: 1000, maxEjectionMs: 1000, maxEjectedPercent: 50 },
  }
  const weights = () => [...w.table.get('a')!.endpoints].map(({ weight }) => weight)
  w.apply({ a: ['10.0.0.1:80'] }, eased)
  w.apply({ a: ['10.0.0.1:80', '10.0.0.2:80*10'] }, eased)
  assert.deepEqual(weights(), [1, 1])
  w.clock.advance(10_000)
  assert.deepEqual(weights(), [1, 10])
  find(w.table.get('a')!, '10.0.0.1:80').connectFailed('connection_refused', w.clock.now())
  w.clock.advance(1001)
  assert.deepEqual(weights(), [0.1, 10])
  w.clock.advance(5000)
  w.apply({ a: ['10.0.0.1:80', '10.0.0.2:80*10'] }, { ...eased, slowStartMs: 0 })
  assert.deepEqual([...weights(), w.clock.waits], [1, 10, []])
})

test('an endpoint that is not ready is never chosen; one that still serves is, where none is ready', () => {
  const w = world()
  const list = (...readiness: (snapshot.Endpoint['readiness'] | null)[]) =>
    readiness.map((one, i) => ({
      address: `10.0.0.${i + 1}`,
      port: 80,
      weight: 1,
      ...(one && { readiness: one }),
    }))
  w.apply({ a: [] })
  const a = w.table.get('a')!
  a.setEndpoints(list(null, 'terminating', 'unready'))
  assert.deepEqual(picks(a, 2), Array(2).fill('10.0.0.1:80'))
  const first = find(a, '10.0.0.1:80')
  const { pool } = first
  a.setEndpoints(list('terminating', 'terminating', 'unready'))
  assert.deepEqual(picks(a, 2), ['10.0.0.1:80', '10.0.0.2:80'])
  assert.ok(pool.closed, 'whoever is to go keeps no connection that waits')
  a.setEndpoints(list('unready', 'unready', 'unready'))
  assert.deepEqual(picks(a, 1), ['none'])
  assert.equal(a.unavailableReason, 'no_endpoint_ready')
  a.setEndpoints(list(null, 'unready', 'unready'))
  assert.equal(a.pick(), first, 'it is the same one')
  const [health] = w.table.health(['a'], 1)
  assert.deepEqual(
    health?.endpoints.map(({ state, reason }) => `${state} ${reason}`),
    ['serving ', 'unready its EndpointSlice says so', 'unready its EndpointSlice says so'],
  )
  assert.deepEqual(w.log, [])
})

const checks: HealthChecks = {
  type: 'TCP',
  intervalMs: 1_000,
  timeoutMs: 1_000,
  healthyThreshold: 2,
  unhealthyThreshold: 2,
  port: null,
  startsHealthy: true,
  http: { method: 'GET', path: '/', host: null, statuses: [200], body: '' },
  grpcService: '',
}

test('verdicts: who is unhealthy is left out, returns, survives a reload, and panic says so', () => {
  const w = world()
  const all = ['10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80']
  w.apply({ a: all }, { healthChecks: checks })
  const a = w.table.get('a')!
  assert.deepEqual(picks(a, 3), all)
  w.table.setVerdicts({ a: { '10.0.0.1:80': 'status 503' }, later: { '10.0.0.9:80': 'gone' } })
  assert.deepEqual(picks(a, 2), all.slice(1))
  w.apply({ a: all, later: ['10.0.0.8:80', '10.0.0.9:80'] }, { healthChecks: { ...checks, intervalMs: 5 } })
  assert.deepEqual(picks(a, 2), all.slice(1))
  assert.deepEqual(picks(w.table.get('later')!, 1), ['10.0.0.8:80'], 'a verdict may come before its cluster')
  assert.deepEqual(w.log, [])
  w.table.setVerdicts({ a: { '10.0.0.2:80': 'status 503' } })
  assert.deepEqual(picks(a, 3), all)
  w.table.setVerdicts({ a: { '10.0.0.1:80': '' } })
  assert.deepEqual(w.log, ['a panics: 1 of 3', 'a calm: 2 of 3'])
  // Requests that still go there while all are used have it ejected, too: who is well again need not wait for that.
  const second = find(a, '10.0.0.2:80')
  second.connectFailed('connection_refused', w.clock.now())
  second.connectFailed('connection_refused', w.clock.now())
  assert.equal(w.table.health(['a'], 1)[0]?.endpoints[1]?.reason, 'status 503')
  w.table.setVerdicts({ a: { '10.0.0.2:80': '' } })
  assert.deepEqual(picks(a, 3), all)
  w.table.setVerdicts({ a: { '10.0.0.3:80': 'status 503' } })
  w.apply({ a: all })
  assert.deepEqual(picks(a, 3), all, 'without checks nobody is unhealthy')
})

test('unhealthy from the start: nobody takes requests before a check, and that is no panic', () => {
  const w = world()
  w.apply({ a: ['10.0.0.1:80', '10.0.0.2:80'] }, { healthChecks: { ...checks, startsHealthy: false } })
  const a = w.table.get('a')!
  assert.deepEqual(picks(a, 1), ['none'])
  assert.equal(a.unavailableReason, 'no_endpoint_healthy')
  w.table.setVerdicts({ a: { '10.0.0.2:80': '' } })
  assert.deepEqual(picks(a, 1), ['10.0.0.2:80'])
  w.table.setVerdicts({ a: null })
  assert.deepEqual(picks(a, 1), ['none'])
  assert.deepEqual(w.log, [])
})

test('what the first level of priority cannot bear goes to the next, and comes back', () => {
  const w = world()
  const ejection = {
    consecutiveFailures: 1,
    baseEjectionMs: 1000,
    maxEjectionMs: 1000,
    maxEjectedPercent: 100,
  }
  const list = [...endpoints('10.0.0.1:80', '10.0.0.2:80'), { ...endpoints('10.0.0.9:80')[0]!, priority: 1 }]
  w.table.apply([clusterOf('a', { ejection })], { a: list })
  const a = w.table.get('a')!
  const first = ['10.0.0.1:80', '10.0.0.2:80']
  assert.deepEqual([...new Set(picks(a, 20))], first)
  for (const key of first) find(a, key).connectFailed('connection_refused', w.clock.now())
  assert.deepEqual([...new Set(picks(a, 20))], ['10.0.0.9:80'], 'two of three are out, and nobody panics')
  w.clock.advance(1001)
  assert.deepEqual([...new Set(picks(a, 20))], first)
  find(a, first[0]!).connectFailed('connection_refused', w.clock.now())
  const shared = picks(a, 100)
  assert.deepEqual([...new Set(shared)], ['10.0.0.2:80', '10.0.0.9:80'])
  assert.equal(shared.filter(key => key === '10.0.0.9:80').length, 30)
  w.table.setEndpoints(
    'a',
    list.map(one => ({ ...one, priority: 1 })),
  )
  assert.equal(new Set(picks(a, 30)).size, 2)
})

test('after the near ones a request is repeated farther away, and whoever waits is given what may be chosen alone', () => {
  const { table } = world({ place: { zone: { name: 'a', share: null }, index: 0, process: '' } })
  const one = (address: string, zone: string): snapshot.Endpoint => ({ address, port: 80, weight: 1, zone })
  table.apply([clusterOf('c', { zoneAware: { minEndpoints: 1, percent: 100 } })], {
    c: [one('10.0.0.1', 'a'), one('10.0.0.2', 'a'), one('10.0.1.1', 'b')],
  })
  const cluster = table.get('c')!
  const asker = { clientAddress: '', request: null, principal: null }
  const near = [...new Set(Array.from({ length: 4 }, () => cluster.pick()!))]
  assert.deepEqual(near.map(({ key }) => key).sort(), ['10.0.0.1:80', '10.0.0.2:80'])
  assert.ok(near.includes(cluster.pickAnother(near.slice(0, 1), asker)!))
  assert.equal(cluster.pickAnother(near, asker)?.key, '10.0.1.1:80')
  assert.deepEqual(
    [...cluster.endpoints].map(({ zone, serves, isChoice }) => [zone, serves, isChoice]),
    [
      ['a', true, true],
      ['a', true, true],
      ['b', true, false],
    ],
  )
})
