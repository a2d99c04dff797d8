import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exchange, origin } from '../../../test/support/exchange.ts'
import { kit } from '../../../test/support/kit.ts'
import { sharedState } from '../../../test/support/shared-state.ts'
import { CounterAreas, counterMemory } from '../../shared/counters.ts'
import type { SharedState } from '../../shared/node-state.ts'
import type { Exchange, Failure, Filter } from '../filter.ts'
import type { Kit } from '../kit.ts'
import { rateLimit, type LimitConfig, type RateLimitConfig } from './rate-limit.ts'

const SECOND = 1_000_000

/** Filters of one node, whose clock stands until it is moved on. */
class Node {
  nowUs = SECOND
  private readonly counters: Kit['counters']

  constructor(state: Pick<SharedState, 'counters'> = sharedState()) {
    this.counters = name => state.counters(name)
  }

  filter(policy: string, limits: readonly LimitConfig[], more: Partial<RateLimitConfig> = {}): Filter {
    const clock = { ...kit().clock, sharedUs: () => this.nowUs }
    const config: RateLimitConfig = { type: 'rate-limit', origin, policy, limits, except: [], ...more }
    return rateLimit.compile(config, kit({ counters: this.counters, clock }))
  }
}

const limit = (name: string, requests: number, by: LimitConfig['by'] = 'address'): LimitConfig => ({
  name,
  requests,
  windowMs: 60_000,
  burst: requests,
  by,
})

function request(clientAddress = '192.0.2.1', fields: string[] = []): Exchange {
  return exchange({ fields }, [], 200, { clientAddress })
}

/** What became of a request that met these filters: "", or the failure. */
function meet(x: Exchange, ...filters: readonly Filter[]): string {
  let refused: Failure | undefined
  for (const filter of filters) {
    refused = filter.request?.(x) as Failure | undefined
    if (refused !== undefined) break
  }
  for (const filter of filters.toReversed()) void filter.response?.(x)
  if (refused === undefined) return ''
  return [refused.failure, ...(refused.fields ?? []), JSON.stringify(refused.members ?? {})].join(' ')
}

const fieldsOf = ({ response: { fields } }: Exchange): (string | undefined)[] => [
  fields.combined('ratelimit-policy'),
  fields.combined('ratelimit'),
]

test('a client has its limit, is told of it in each answer, and another has one of its own', () => {
  const filter = new Node().filter('default/limits', [limit('calls', 2)])
  const seen = [1, 2, 3].map(() => {
    const x = request()
    return [meet(x, filter), ...fieldsOf(x)]
  })
  assert.deepEqual(seen, [
    ['', '"calls";q=2;w=60', '"calls";r=1;t=30'],
    ['', '"calls";q=2;w=60', '"calls";r=0;t=30'],
    ['rate_limited Retry-After 30 {"violated-policies":["calls"]}', '"calls";q=2;w=60', '"calls";r=0;t=30'],
  ])
  assert.equal(meet(request('192.0.2.2'), filter), '')
})

test('addresses of one /64 are one client', () => {
  const filter = new Node().filter('default/limits', [limit('calls', 1)])
  assert.equal(meet(request('2001:db8:0:1::1'), filter), '')
  assert.match(meet(request('2001:db8:0:1:ffff::2'), filter), /^rate_limited/)
  assert.equal(meet(request('2001:db8:0:2::1'), filter), '')
})

test('by header: each value has its limit; who leaves it out is counted by address', () => {
  const filter = new Node().filter('default/limits', [limit('calls', 1, { header: 'x-key' })])
  const of = (value: string, address: string): string => meet(request(address, ['X-Key', value]), filter)
  assert.equal(of('a', '192.0.2.1'), '')
  assert.match(of('a', '192.0.2.2'), /^rate_limited/)
  assert.equal(of('b', '192.0.2.1'), '')
  assert.equal(meet(request('192.0.2.1'), filter), '')
  assert.match(meet(request('192.0.2.1'), filter), /^rate_limited/)
  assert.equal(meet(request('192.0.2.2'), filter), '')
})

test('a value cannot pass for an address', () => {
  const filter = new Node().filter('default/limits', [limit('calls', 1, { header: 'x-key' })])
  assert.equal(meet(request('192.0.2.1'), filter), '')
  assert.equal(meet(request('192.0.2.9', ['X-Key', 'a 192.0.2.1']), filter), '')
})

test('all together', () => {
  const filter = new Node().filter('default/limits', [limit('calls', 1, 'all')])
  assert.equal(meet(request('192.0.2.1'), filter), '')
  assert.match(meet(request('192.0.2.2'), filter), /^rate_limited/)
})

test('a request that one limit refuses takes nothing of the others', () => {
  const node = new Node()
  const filter = node.filter('default/limits', [limit('hour', 10), limit('minute', 1)])
  meet(request(), filter)
  for (let i = 0; i < 50; i++) assert.match(meet(request(), filter), /\["minute"\]/)
  node.nowUs += 60 * SECOND
  const x = request()
  assert.equal(meet(x, filter), '')
  assert.match(fieldsOf(x)[1] ?? '', /^"hour";r=9;/)
})

test('the same holds for limits of several policies, of which all are enforced', () => {
  const node = new Node()
  const far = node.filter('default/gateway', [limit('far', 10)])
  const near = node.filter('default/route', [limit('near', 1)])
  assert.equal(meet(request(), far, near), '')
  for (let i = 0; i < 50; i++) assert.match(meet(request(), far, near), /\["near"\]/)
  const x = request()
  meet(x, far, near)
  assert.match(fieldsOf(x)[1] ?? '', /"far";r=9;t=6/)
  for (let i = 0; i < 9; i++) assert.equal(meet(request(), far), '')
  assert.match(meet(request(), far), /\["far"\]/)
})

test('a policy that a request meets twice counts it once', () => {
  const node = new Node()
  const [one, two] = [
    node.filter('default/limits', [limit('calls', 2)]),
    node.filter('default/limits', [limit('calls', 2)]),
  ]
  const x = request()
  meet(x, one, two)
  assert.deepEqual(fieldsOf(x), ['"calls";q=2;w=60', '"calls";r=1;t=30'])
})

test('what is counted is found again by a filter that is compiled anew, also with another rate', () => {
  const node = new Node()
  for (let i = 0; i < 2; i++) meet(request(), node.filter('default/limits', [limit('calls', 2)]))
  assert.match(meet(request(), node.filter('default/limits', [limit('calls', 2)])), /^rate_limited/)
  assert.match(meet(request(), node.filter('default/limits', [limit('calls', 1)])), /^rate_limited/)
  assert.equal(meet(request(), node.filter('default/others', [limit('calls', 2)])), '')
})

test('what is excepted is not counted', () => {
  const except = [{ routes: null, paths: [{ type: 'exact', value: '/health' }], methods: null }] as const
  const filter = new Node().filter('default/limits', [limit('calls', 1)], { except })
  const health = (): Exchange => exchange({ path: '/health' })
  for (let i = 0; i < 5; i++) assert.equal(meet(health(), filter), '')
  assert.equal(meet(request(), filter), '')
  assert.match(meet(request(), filter), /^rate_limited/)
})

function crowded(): { node: Node; filter: Filter } {
  const areas = new CounterAreas(counterMemory(new Uint8Array(16), { buckets: 1, reserve: 1 }), 1)
  const node = new Node({ counters: name => areas.scope(name) })
  return { node, filter: node.filter('default/limits', [limit('calls', 2)]) }
}

test('one with a million networks neither frees himself nor his neighbour, and leaves newcomers of other networks their limit', () => {
  const { filter } = crowded()
  const network = (i: number): string => `2001:db8:0:${i.toString(16)}::1`
  for (let i = 0; i < 2; i++) assert.equal(meet(request('192.0.2.1'), filter), '')
  assert.match(meet(request('192.0.2.1'), filter), /^rate_limited/)
  let passed = 0
  for (let i = 0; i < 1_000; i++) if (meet(request(network(i)), filter) === '') passed++
  // 31 have places, and all others are one.
  assert.equal(passed, 31 + 2)
  assert.match(meet(request('192.0.2.1'), filter), /^rate_limited/)
  assert.equal(meet(request('198.51.100.7'), filter), '')
  assert.equal(meet(request('198.51.100.7'), filter), '')
  assert.match(meet(request('198.51.100.8'), filter), /^rate_limited/)
})

test('where nobody can be counted any more nobody passes, and that is not the fault of who asks', () => {
  const { filter } = crowded()
  for (let i = 0; i < 64; i++) assert.equal(meet(request(`10.0.${i}.1`), filter), '')
  assert.match(meet(request('192.0.2.1'), filter), /^proxy_overloaded/)
})

test('what explain shows', () => {
  const limits = [limit('calls', 100), { ...limit('all', 5, 'all'), windowMs: 1_000 }]
  assert.equal(
    rateLimit.describe({ type: 'rate-limit', origin, policy: 'default/limits', limits, except: [] }),
    'calls 100 per minute, burst 100, by client address; all 5 per second, burst 5, for all',
  )
})
