import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  askedApiNote,
  costNote,
  identityNote,
  overQuotaNote,
  subscribedNote,
  type Identity,
} from '../../../filters/identity.ts'
import type { Exchange } from '../../../filters/filter.ts'
import type { Drainable } from '../../../upstream/keep.ts'
import { exchange, origin } from '../../../../test/support/exchange.ts'
import { kit } from '../../../../test/support/kit.ts'
import { UsageBook } from './book.ts'
import { Entry, type EntryRow } from './entry.ts'
import { OTHER, type Flush } from './flush.ts'
import { usage } from './usage.ts'

const MINUTE = 60_000

/** A worker with a clock that a test moves, and what it tells. */
class TestWorker {
  nowMs = 1_000
  wallMs = 10 * MINUTE + 1_000
  readonly flushes: Flush[] = []
  readonly warnings: string[] = []
  private readonly timers = new Map<() => void, number>()
  private readonly kept = new Map<string, Drainable>()
  private readonly mostSeries: number | undefined
  readonly kit = kit({
    clock: {
      now: () => this.nowMs,
      wallMs: () => this.wallMs,
      sharedUs: () => 0,
      after: (ms, run) => {
        this.timers.set(run, this.nowMs + ms)
        return () => void this.timers.delete(run)
      },
    },
    tell: (channel, message) => {
      assert.equal(channel, 'usage')
      this.flushes.push(structuredClone(message) as Flush)
    },
    log: { ...kit().log, warn: event => void this.warnings.push(event) },
    keep: (key, make) => {
      const one = this.kept.get(key) ?? make()
      this.kept.set(key, one)
      return one as ReturnType<typeof make>
    },
  })

  constructor(mostSeries?: number) {
    this.mostSeries = mostSeries
    if (this.mostSeries !== undefined) this.kept.set('usage', new UsageBook(this.kit, this.mostSeries))
  }

  filter(api = 'default/petstore', version = 'v1') {
    return usage.compile({ type: 'usage', api, version, origin }, this.kit)
  }

  pass(ms: number): void {
    this.nowMs += ms
    this.wallMs += ms
    for (const [run, atMs] of this.timers)
      if (atMs <= this.nowMs) {
        this.timers.delete(run)
        run()
      }
  }

  get timersSet(): number {
    return this.timers.size
  }

  drain(): void {
    for (const one of this.kept.values()) one.drain()
  }

  /** Everything that was told. */
  rows(): readonly EntryRow[] {
    const entry = new Entry({ writer: 'test', number: 1 })
    for (const flush of this.flushes) entry.add(flush)
    return [...entry.rows()]
  }
}

const identity: Identity = {
  kind: 'api-key',
  principal: 'key:k1',
  credential: 'k1',
  application: 'app1',
  account: 'acc1',
  scopes: [],
  claims: {},
}

interface Asked {
  readonly more?: Partial<Exchange>
  readonly as?: Partial<Identity> | null
  readonly subscription?: string | null
  readonly plan?: string
  readonly operation?: string
  readonly cost?: number
  readonly over?: boolean
}

function asked({
  more,
  as = {},
  subscription,
  plan = 'default/gold',
  operation,
  cost,
  over,
}: Asked = {}): Exchange {
  const x = exchange({}, [], 200, { startedMs: 1_000, ...more })
  if (as !== null) x.notes.set(identityNote, { ...identity, ...as })
  if (subscription !== undefined) x.notes.set(subscribedNote, { product: 'default/pets', plan, subscription })
  if (operation !== undefined)
    x.notes.set(askedApiNote, { api: 'default/petstore', version: 'v1', operation })
  if (cost !== undefined) x.notes.set(costNote, cost)
  if (over !== undefined) x.notes.set(overQuotaNote, over)
  return x
}

test('a request is told with all that is known of it', () => {
  const worker = new TestWorker()
  const filter = worker.filter()
  const more = { requestBytes: 10, responseBytes: 200 }
  worker.nowMs += 25
  filter.end!(asked({ more, subscription: 'sub1', operation: 'listPets', cost: 2.5, over: true }))
  worker.pass(1_000)
  assert.deepEqual(worker.rows(), [
    {
      minuteMs: 10 * MINUTE,
      dimensions: {
        api: 'default/petstore',
        version: 'v1',
        operation: 'listPets',
        subscription: 'sub1',
        application: 'app1',
        account: 'acc1',
        product: 'default/pets',
        plan: 'default/gold',
        outcome: 'answered',
        status: '2xx',
        latency: '30ms',
        overQuota: 'true',
        credential: 'k1',
      },
      requests: 1,
      requestBytes: 10,
      responseBytes: 200,
      cost: 2.5,
    },
  ])
})

test('of whom nothing is known is counted too', () => {
  const worker = new TestWorker()
  worker.filter().end!(asked({ as: null, more: { status: 401, failure: 'authentication_required' } }))
  worker.drain()
  const [{ dimensions } = assert.fail()] = worker.rows()
  assert.equal(dimensions.outcome, 'denied_authentication')
  for (const name of [
    'subscription',
    'application',
    'account',
    'product',
    'plan',
    'operation',
    'credential',
  ] as const)
    assert.equal(dimensions[name], '', name)
})

test('what is alike is one series, and what differs in any way another', () => {
  const worker = new TestWorker()
  const filter = worker.filter()
  const different: readonly Asked[] = [
    { subscription: 'sub1' },
    { subscription: 'sub1', plan: 'default/free' },
    { subscription: 'sub2' },
    { subscription: 'sub1', as: { application: 'app2' } },
    { subscription: 'sub1', as: { account: 'acc2' } },
    { subscription: 'sub1', as: { credential: 'key2' } },
    { subscription: 'sub1', as: { credential: null } },
    { subscription: null },
    { subscription: 'sub1', operation: 'getPet' },
    { subscription: 'sub1', over: true },
    { subscription: 'sub1', more: { status: 404 } },
    { subscription: 'sub1', more: { status: 502, failure: 'connection_refused' } },
    { as: { application: null, account: null } },
  ]
  for (let i = 0; i < 3; i++) for (const one of different) filter.end!(asked(one))
  worker.drain()
  assert.deepEqual(
    worker.rows().map(({ requests }) => requests),
    different.map(() => 3),
  )
})

test('rules of one API count together, and reloads lose nothing', () => {
  const worker = new TestWorker()
  worker.filter().end!(asked())
  worker.filter().end!(asked())
  worker.filter('default/other').end!(asked())
  worker.drain()
  assert.deepEqual(
    worker.rows().map(({ dimensions: { api }, requests }) => [api, requests]),
    [
      ['default/petstore', 2],
      ['default/other', 1],
    ],
  )
})

test('a second after the first request there is a flush, and none without requests', () => {
  const worker = new TestWorker()
  const filter = worker.filter()
  worker.pass(5_000)
  assert.equal(worker.timersSet, 0)
  filter.end!(asked())
  worker.pass(999)
  assert.equal(worker.flushes.length, 0)
  worker.pass(1)
  filter.end!(asked())
  worker.pass(1_000)
  worker.pass(10_000)
  assert.deepEqual(
    worker.flushes.map(({ number }) => number),
    [1, 2],
  )
  assert.equal(new Set(worker.flushes.map(({ book }) => book)).size, 1)
  assert.equal(worker.timersSet, 0)
})

test('each request is of the minute in which it ended', () => {
  const worker = new TestWorker()
  const filter = worker.filter()
  worker.wallMs = 11 * MINUTE - 10
  filter.end!(asked())
  worker.nowMs += 9
  worker.wallMs += 9
  filter.end!(asked())
  worker.nowMs += 1
  worker.wallMs += 1
  filter.end!(asked())
  worker.drain()
  assert.deepEqual(
    worker.rows().map(({ minuteMs, requests }) => [minuteMs / MINUTE, requests]),
    [
      [10, 2],
      [11, 1],
    ],
  )
})

test('keys of one subscription are told apart up to a bound, and leave others theirs', () => {
  const worker = new TestWorker(200)
  const filter = worker.filter()
  const ask = (subscription: string, credential: string): void =>
    filter.end!(asked({ subscription, as: { credential } }))
  for (let round = 0; round < 2; round++) for (let i = 0; i < 1_000; i++) ask('many', `key${i}`)
  ask('few', 'own')
  worker.drain()
  const rows = worker.rows()
  const of = (name: string, key: string) =>
    rows.find(({ dimensions: { subscription, credential } }) => subscription === name && credential === key)
      ?.requests
  assert.deepEqual(
    [of('many', 'key0'), of('many', 'key63'), of('many', 'key64'), of('many', OTHER), of('few', 'own')],
    [2, 2, undefined, 2 * (1_000 - 64), 1],
  )
  assert.equal(rows.length, 66)
  assert.deepEqual(worker.warnings, [])
  // What is idle makes room for the next ones of the same subscription.
  for (let i = 0; i < 61; i++) {
    ask('few', 'own')
    worker.pass(1_000)
  }
  worker.flushes.length = 0
  ask('many', 'key64')
  worker.drain()
  assert.deepEqual(
    worker.rows().map(({ dimensions: { credential } }) => credential),
    ['key64'],
  )
})

// Of an API that asks for a credential and for no subscription.
test('keys of one application that has no subscription are bounded too, and leave other applications theirs', () => {
  const worker = new TestWorker()
  const filter = worker.filter()
  const ask = (application: string | null, account: string, credential: string): void =>
    filter.end!(asked({ as: { application, account, credential } }))
  for (let i = 0; i < 100; i++) ask('many', 'acc1', `key${i}`)
  for (let i = 0; i < 100; i++) ask(null, 'acc2', `admin${i}`)
  ask('few', 'acc1', 'own')
  ask(null, 'acc3', 'other')
  worker.drain()
  const told = worker
    .rows()
    .filter(({ dimensions: { credential } }) => credential !== OTHER)
    .map(({ dimensions: { application, account } }) => `${application}/${account}`)
  const count = (name: string): number => told.filter(one => one === name).length
  assert.deepEqual(['many/acc1', '/acc2', 'few/acc1', '/acc3'].map(count), [64, 64, 1, 1])
  // What is idle makes room again, for the application that had it.
  for (let i = 0; i < 61; i++) {
    ask('few', 'acc1', 'own')
    worker.pass(1_000)
  }
  worker.flushes.length = 0
  ask('many', 'acc1', 'key99')
  worker.drain()
  assert.deepEqual(
    worker.rows().map(({ dimensions: { credential } }) => credential),
    ['key99'],
  )
})

test('beyond its bound a worker counts without names, says so once, and finds room again', () => {
  const worker = new TestWorker(3)
  const filter = worker.filter()
  for (let round = 0; round < 2; round++)
    for (let i = 0; i < 10; i++) filter.end!(asked({ subscription: `sub${i}`, cost: 1 }))
  worker.pass(1_000)
  const rows = worker.rows()
  assert.equal(rows.length, 4)
  const others = rows.filter(({ dimensions }) => dimensions.application === OTHER)
  assert.deepEqual(
    others.map(({ dimensions: { api, outcome, status }, requests, cost }) => ({
      api,
      outcome,
      status,
      requests,
      cost,
    })),
    [{ api: 'default/petstore', outcome: 'answered', status: '2xx', requests: 14, cost: 14 }],
  )
  assert.deepEqual(worker.warnings, ['usage.crowded'])
  worker.flushes.length = 0
  // Those of the last second are idle in this one, and make room for the next.
  filter.end!(asked({ subscription: 'sub0', more: { startedMs: worker.nowMs } }))
  worker.pass(1_000)
  filter.end!(asked({ subscription: 'sub9', more: { startedMs: worker.nowMs } }))
  worker.pass(1_000)
  assert.deepEqual(
    worker.rows().map(({ dimensions: { subscription } }) => subscription),
    ['sub0', 'sub9'],
  )
})

test('Prometheus has APIs, plans and classes, and nobody', () => {
  const worker = new TestWorker()
  const counted: string[] = []
  const instrument = (labels: object) => ({
    add: () => void counted.push(Object.values(labels).join(' ')),
    observe: (value: number) => void counted.push(`${Object.values(labels).join(' ')} ${value}`),
  })
  const metrics = new Proxy({}, { get: () => (_: string, labels: object) => instrument(labels) })
  const filter = usage.compile(
    { type: 'usage', api: 'default/petstore', version: 'v1', origin },
    { ...worker.kit, metrics: metrics as typeof worker.kit.metrics },
  )
  worker.nowMs += 500
  filter.end!(asked({ subscription: 'sub1' }))
  filter.end!(asked({ more: { status: 101 } }))
  assert.deepEqual(counted, [
    'default/petstore default/gold 2xx',
    'default/petstore 0.5',
    'default/petstore  1xx',
  ])
})
