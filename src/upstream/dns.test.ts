import assert from 'node:assert/strict'
import { Resolver } from 'node:dns/promises'
import { test } from 'node:test'
import { FakeClock } from '../../test/support/clock.ts'
import { DnsServer } from '../../test/support/dns-server.ts'
import { DnsResolver, type DnsAnswer, type DnsLookup } from './dns.ts'

/** Lookups that are answered by hand. */
class Lookups {
  readonly asked: string[] = []
  private waiting: { resolve(addresses: readonly string[]): void; reject(error: Error): void }[] = []

  readonly lookup: DnsLookup = name => {
    this.asked.push(name)
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }))
  }

  /** Answers the oldest question, and lets the answer arrive. */
  async answer(outcome: readonly string[] | string): Promise<void> {
    const one = this.waiting.shift()
    assert.ok(one, 'nothing was asked')
    if (typeof outcome === 'string') one.reject(Object.assign(new Error(outcome), { code: outcome }))
    else one.resolve(outcome)
    await new Promise(setImmediate)
  }

  get open(): number {
    return this.waiting.length
  }
}

function world(random = 0.5) {
  const clock = new FakeClock()
  const lookups = new Lookups()
  const log: string[] = []
  const resolver = new DnsResolver({
    clock,
    lookup: lookups.lookup,
    random: () => random,
    events: {
      onResolved: (name, addresses) => log.push(`${name} is ${addresses.join(' ')}`),
      onResolveFailed: (name, code, kept, retryInMs) =>
        log.push(`${name} ${code}, ${kept} kept, again in ${retryInMs}`),
    },
  })
  const answers: DnsAnswer[] = []
  const watch = (name: string, refreshMs = 10_000) =>
    resolver.watch(name, refreshMs, answer => answers.push(answer))
  return { clock, lookups, log, resolver, answers, watch }
}

test('a name is resolved at once, and again every refresh time', async () => {
  const w = world()
  const watch = w.watch('items.internal')
  assert.equal(watch.answer.state, 'pending')
  await w.lookups.answer(['10.0.0.1'])
  assert.deepEqual(watch.answer, { state: 'good', addresses: ['10.0.0.1'] })
  w.clock.advance(9_999)
  assert.equal(w.lookups.open, 0)
  w.clock.advance(1)
  await w.lookups.answer(['10.0.0.2', '10.0.0.1'])
  assert.deepEqual(watch.answer.addresses, ['10.0.0.1', '10.0.0.2'])
  assert.deepEqual(w.log, ['items.internal is 10.0.0.1', 'items.internal is 10.0.0.1 10.0.0.2'])
})

test('the same addresses in another order are no change', async () => {
  const w = world()
  const watch = w.watch('a')
  await w.lookups.answer(['10.0.0.2', '10.0.0.1'])
  const before = watch.answer
  w.clock.advance(10_000)
  await w.lookups.answer(['10.0.0.1', '10.0.0.2'])
  assert.equal(watch.answer, before)
  assert.equal(w.answers.length, 1)
})

test('both families, IPv4 first, without duplicates', async () => {
  const w = world()
  const watch = w.watch('localhost')
  await w.lookups.answer(['::1', '127.0.0.1', '::1', '127.0.0.1'])
  assert.deepEqual(watch.answer.addresses, ['127.0.0.1', '::1'])
})

test('a failure keeps the last good answer, and is retried with back-off up to the refresh time', async () => {
  const w = world()
  const watch = w.watch('a', 3_000)
  await w.lookups.answer(['10.0.0.1'])
  w.clock.advance(3_000)
  for (const [code, waitMs] of [
    ['ESERVFAIL', 500],
    ['ENOTFOUND', 1_000],
    ['EAI_AGAIN', 2_000],
    ['X', 3_000],
    ['X', 3_000],
  ] as const) {
    await w.lookups.answer(code)
    assert.deepEqual(watch.answer, { state: 'good', addresses: ['10.0.0.1'] })
    assert.deepEqual(w.clock.waits, [waitMs])
    assert.equal(w.log.at(-1), `a ${code}, 1 kept, again in ${waitMs}`)
    w.clock.advance(waitMs)
  }
  await w.lookups.answer(['10.0.0.9'])
  assert.deepEqual(watch.answer.addresses, ['10.0.0.9'])
  assert.deepEqual(w.clock.waits, [3_000])
})

test('a name that never resolved is failed, says so once, and recovers', async () => {
  const w = world()
  const watch = w.watch('nowhere')
  await w.lookups.answer('ENOTFOUND')
  assert.deepEqual(watch.answer, { state: 'failed', code: 'ENOTFOUND', addresses: [] })
  w.clock.advance(500)
  await w.lookups.answer([])
  assert.deepEqual(w.log, [
    'nowhere ENOTFOUND, 0 kept, again in 500',
    'nowhere ENODATA, 0 kept, again in 1000',
  ])
  assert.equal(w.answers.length, 1)
  w.clock.advance(1_000)
  await w.lookups.answer(['10.0.0.1'])
  assert.equal(watch.answer.state, 'good')
  assert.equal(w.answers.length, 2)
})

test('clusters share a name: one question, one timer, the shortest refresh', async () => {
  const w = world()
  const one = w.watch('Items.Internal', 20_000)
  const other = w.watch('items.internal', 5_000)
  assert.equal(w.resolver.size, 1)
  assert.deepEqual(w.lookups.asked, ['items.internal'])
  await w.lookups.answer(['10.0.0.1'])
  assert.equal(w.answers.length, 2, 'both are told')
  assert.deepEqual(w.clock.waits, [5_000])
  other.close()
  w.clock.advance(5_000)
  await w.lookups.answer(['10.0.0.1'])
  assert.deepEqual(w.clock.waits, [20_000])
  assert.equal(one.answer, other.answer)
})

test('a newcomer that wants it fresher shortens the wait', async () => {
  const w = world()
  w.watch('a', 20_000)
  await w.lookups.answer(['10.0.0.1'])
  const newcomer = w.watch('a', 2_000)
  assert.equal(newcomer.answer.state, 'good', 'and knows the answer at once')
  assert.deepEqual(w.clock.waits, [2_000])
})

test('nobody left: no timer, no question, nobody told', async () => {
  const w = world()
  const early = w.watch('a')
  early.close()
  early.close()
  await w.lookups.answer(['10.0.0.1'])
  assert.deepEqual([w.answers, w.log, w.clock.waits, w.resolver.size], [[], [], [], 0])
  const late = w.watch('a')
  assert.equal(late.answer.state, 'pending', 'what nobody used is not remembered')
  await w.lookups.answer(['10.0.0.1'])
  late.close()
  assert.deepEqual(w.clock.waits, [])
})

test('jitter spreads names by a tenth', async () => {
  for (const [random, waitMs] of [
    [0, 9_000],
    [0.5, 10_000],
    [1, 11_000],
  ] as const) {
    const w = world(random)
    w.watch('a')
    await w.lookups.answer(['10.0.0.1'])
    assert.deepEqual(w.clock.waits, [waitMs])
  }
})

test('no refresh time makes it ask without pause', async () => {
  const w = world()
  w.watch('a', 0)
  await w.lookups.answer(['10.0.0.1'])
  assert.deepEqual(w.clock.waits, [100])
})

test('against a name server: addresses of both families, refresh, unknown name', async t => {
  const server = new DnsServer()
  const resolver = new Resolver({ timeout: 1_000, tries: 1 })
  resolver.setServers([await server.listen()])
  t.after(() => server.close())
  const lookup: DnsLookup = async name => {
    const found = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)])
    return found.flatMap(one => (one.status === 'fulfilled' ? one.value : []))
  }
  const clock = new FakeClock()
  const changes: DnsAnswer[] = []
  let changed = Promise.withResolvers<DnsAnswer>()
  const names = new DnsResolver({ clock, lookup, random: () => 0.5 })
  const watch = (name: string) =>
    names.watch(name, 1_000, answer => {
      changes.push(answer)
      changed.resolve(answer)
    })
  const next = (): Promise<DnsAnswer> => {
    changed = Promise.withResolvers()
    return changed.promise
  }

  server.records.set('items.test', ['10.0.0.2', '2001:db8::7', '10.0.0.1'])
  const good = next()
  watch('items.test')
  assert.deepEqual(await good, { state: 'good', addresses: ['10.0.0.1', '10.0.0.2', '2001:db8::7'] })

  server.records.set('items.test', ['10.0.0.3'])
  const renewed = next()
  clock.advance(1_000)
  assert.deepEqual((await renewed).addresses, ['10.0.0.3'])

  const unknown = next()
  watch('nowhere.test')
  assert.equal((await unknown).state, 'failed')
})

test('the system resolves localhost', async () => {
  const known = Promise.withResolvers<DnsAnswer>()
  const names = new DnsResolver()
  const watch = names.watch('localhost', 30_000, known.resolve)
  const { state, addresses } = await known.promise
  watch.close()
  assert.equal(state, 'good')
  assert.ok(addresses.includes('127.0.0.1') || addresses.includes('::1'))
})
