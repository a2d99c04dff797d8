import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Type as T } from 'typebox'
import { defineGateway, http, item, mapped, Problem, shared, type SharedOptions } from '../composition.ts'
import { systemClock } from '../../upstream/clock.ts'
import { Engine } from '../engine/engine.ts'
import type { Gateway } from '../routes/gateway.ts'
import { StubBody } from '../testing/stub-body.ts'
import { testGateway, type SourceRequest } from '../testing.ts'
import type { BackendRequest, Transport } from '../transport/transport.ts'

const Price = T.Object({ price: T.Number() })
const backends = { feed: http({ url: 'http://feed', relay: ['authorization'] }) }

type Options = SharedOptions<typeof backends, string, unknown>

/** A gateway whose clients share a stream for each symbol. */
function gatewayOf(more: Partial<Options> = {}) {
  const prices = shared(backends, {
    run: (c, symbol: string, { lastEventId }) =>
      c.feed.events('/prices/{symbol}', { path: { symbol }, item: Price, lastEventId }),
    ...(more as object),
  })
  return defineGateway({
    backends,
    routes: r => [
      r.stream('/prices/{symbol}', {
        out: Price,
        run: ({ params, lastEventId }) => prices.of(params.symbol, { lastEventId }),
      }),
      r.stream('/double/{symbol}', {
        out: Price,
        run: ({ params }) => mapped(prices.of(params.symbol), one => ({ price: one.price * 2 })),
      }),
    ],
  })
}

/** An item each second, from 1 on. */
async function* ticking({ pause }: SourceRequest, last = Infinity) {
  for (let n = 1; n <= last; n++) {
    await pause(1_000)
    yield item({ price: n }, { id: String(n) })
  }
}

async function* endless() {
  yield Buffer.from('data: {"price":1}\n\n')
  await new Promise(() => undefined)
}

// oxlint-disable-next-line eslint/require-yield -- none comes
function* failing(): Generator<never> {
  throw new Error('broken')
}

// oxlint-disable-next-line eslint/require-yield -- none comes
async function* refusing(): AsyncGenerator<never> {
  await Promise.resolve()
  throw new Problem(404, 'No such symbol')
}

const pricesOf = (items: readonly { readonly data: unknown }[]) =>
  items.map(({ data }) => (data as { price: number }).price)

suite('a shared stream', () => {
  test('is begun once for all who take it, by key', async () => {
    await using t = await testGateway(gatewayOf())
    const seen: string[] = []
    t.feed.events('/prices/{symbol}', request => {
      seen.push(request.path['symbol']!)
      return ticking(request)
    })
    const clients = Array.from({ length: 50 }, () => t.stream('/prices/EUR'))
    await using other = t.stream('/prices/USD')
    await using double = t.stream('/double/EUR')
    for (const s of clients) assert.deepEqual(await s.data(3), [{ price: 1 }, { price: 2 }, { price: 3 }])
    assert.deepEqual(await other.data(1), [{ price: 1 }])
    assert.deepEqual(await double.data(2), [{ price: 2 }, { price: 4 }])
    assert.deepEqual(seen.toSorted(), ['EUR', 'USD'])
    for (const s of clients) s.leave()
  })

  test('that lingers ends when no client will come any more', async () => {
    const call = Promise.withResolvers<BackendRequest>()
    const transport: Transport = {
      retries: true,
      send: request => {
        call.resolve(request)
        return Promise.resolve({
          status: 200,
          headers: { 'content-type': 'text/event-stream' },
          body: new StubBody(request.call, endless(), request.signal),
        })
      },
    }
    const engine = new Engine(gatewayOf() as unknown as Gateway, { transport, clock: systemClock })
    const signal = new AbortController().signal
    const asked = { method: 'GET', target: '/prices/EUR', headers: {}, body: null, signal }
    const { body } = await engine.answer(asked)
    const client = (body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]()
    await client.next()
    const { signal: ended } = await call.promise
    engine.close()
    // It has a client.
    assert.equal(ended.aborted, false)
    await client.return?.()
    assert.equal(ended.aborted, false)
    engine.close()
    assert.equal(ended.aborted, true)
  })

  test('knows nothing of the client who has it begin', async () => {
    await using t = await testGateway(gatewayOf())
    let given: string | undefined = 'none yet'
    t.feed.events('/prices/{symbol}', ({ headers }) => {
      given = headers['authorization']
      return [{ price: 1 }]
    })
    await using s = t.stream('/prices/EUR', { headers: { authorization: 'Bearer secret' } })
    assert.deepEqual(await s.data(1), [{ price: 1 }])
    assert.equal(given, undefined)
  })

  test('goes on for a while when nobody takes it, then ends', async () => {
    await using t = await testGateway(gatewayOf({ lingerMs: 5_000 }))
    let begun = 0
    t.feed.events('/prices/{symbol}', request => {
      begun++
      return ticking(request)
    })
    await using clock = t.stream('/prices/clock')
    const first = t.stream('/prices/EUR')
    assert.deepEqual(pricesOf(await first.take(1)), [1])
    first.leave()
    await clock.take(4)
    const second = t.stream('/prices/EUR')
    await second.take(1)
    assert.equal(begun, 2, 'those of EUR and of the clock')
    second.leave()
    await clock.take(7)
    const third = t.stream('/prices/EUR')
    assert.deepEqual(pricesOf(await third.take(1)), [1])
    assert.equal(begun, 3)
    third.leave()
  })

  test('gives a client that comes back what it has missed', async () => {
    await using t = await testGateway(gatewayOf())
    t.feed.events('/prices/{symbol}', ticking)
    await using all = t.stream('/prices/EUR')
    await all.take(5)
    const back = t.stream('/prices/EUR', { lastEventId: '2' })
    assert.deepEqual(pricesOf(await back.take(4)), [3, 4, 5, 6])
    back.leave()
  })

  test('gives again rather than loses what came with one id', async () => {
    await using t = await testGateway(gatewayOf())
    t.feed.events('/prices/{symbol}', async function* ({ pause }: SourceRequest) {
      for (let n = 1; n <= 4; n++) {
        await pause(1_000)
        yield item({ price: n }, { id: n < 4 ? '1' : '2' })
      }
      await pause(Infinity)
    })
    await using first = t.stream('/prices/EUR')
    await first.take(4)
    await using back = t.stream('/prices/EUR', { lastEventId: '1' })
    assert.deepEqual(pricesOf(await back.take(3)), [2, 3, 4])
  })

  test('says the gap where it has not kept so much', async () => {
    await using t = await testGateway(gatewayOf({ replay: { messages: 2 } }))
    t.feed.events('/prices/{symbol}', ticking)
    await using all = t.stream('/prices/EUR')
    await all.take(5)
    await using back = t.stream('/prices/EUR', { lastEventId: '1' })
    const [gap, ...rest] = await back.take(3)
    assert.deepEqual([gap!.event, gap!.data], ['gap', { missed: null }])
    assert.deepEqual(pricesOf(rest), [4, 5])
  })

  for (const [what, resumes, events, given] of [
    ['asks the backend to go on there', true, ['message'], '7'],
    ['or says the gap', false, ['gap', 'message'], undefined],
  ] as const)
    test(`that is begun by a client that comes back ${what}`, async () => {
      await using t = await testGateway(gatewayOf({ resumes }))
      let asked: string | undefined
      t.feed.events('/prices/{symbol}', ({ headers }) => {
        asked = headers['last-event-id']
        return [item({ price: 8 }, { id: '8' })]
      })
      await using s = t.stream('/prices/EUR', { lastEventId: '7' })
      assert.deepEqual(
        (await s.take(3)).map(({ event }) => event),
        events,
      )
      assert.equal(asked, given)
    })

  test('gives ids to items that have none, which are no ids of another time', async () => {
    await using t = await testGateway(gatewayOf({ resumes: true }))
    let asked: string | undefined
    t.feed.events('/prices/{symbol}', async function* ({ pause, headers }: SourceRequest) {
      asked = headers['last-event-id']
      yield { price: 1 }
      yield { price: 2 }
      await pause(Infinity)
    })
    await using s = t.stream('/prices/EUR')
    const [first] = await s.take(2)
    await using back = t.stream('/prices/EUR', { lastEventId: first!.id! })
    assert.deepEqual(pricesOf(await back.take(1)), [2])
    await using stale = t.stream('/prices/USD', { lastEventId: 'portcullis-0-1' })
    assert.deepEqual(
      (await stale.take(2)).map(({ event }) => event),
      ['gap', 'message'],
    )
    assert.equal(asked, undefined)
  })

  test('a client that takes nothing is let go, and its neighbours miss nothing', async () => {
    await using t = await testGateway(gatewayOf({ slow: { messages: 3 } }))
    t.feed.events('/prices/{symbol}', ticking)
    await using slow = t.stream('/prices/EUR')
    await slow.take(1)
    const neighbours = Array.from({ length: 20 }, () => t.stream('/prices/EUR'))
    for (const s of neighbours) await s.expect(200)
    for (let n = 0; n < 10; n++) for (const s of neighbours) assert.equal((await s.take(1)).length, 1)
    const late = pricesOf(await slow.take(20))
    assert.ok(late.length <= 4, `it was kept ${late.length}`)
    assert.equal(await slow.next(), undefined)
    for (const s of neighbours) s.leave()
  })

  for (const [what, policy, expected] of [
    ['loses the oldest', 'drop-oldest' as const, ['message', 'gap', 'message', 'message', 'message']],
    ['has the newest of each key', { coalesce: () => 'one' }, ['message', 'message', 'message']],
  ] as const)
    test(`a client that takes too little ${what}`, async () => {
      await using t = await testGateway(gatewayOf({ slow: { messages: 3, policy } }))
      t.feed.events('/prices/{symbol}', ticking)
      await using slow = t.stream('/prices/EUR')
      const seen = [...(await slow.take(1))]
      await using quick = t.stream('/prices/EUR')
      await quick.take(12)
      seen.push(...(await slow.take(expected.length - 1)))
      assert.deepEqual(
        seen.map(({ event }) => event),
        expected,
      )
    })

  test('that fails fails for all, and is begun anew', async () => {
    await using t = await testGateway(gatewayOf())
    t.feed.events('/prices/{symbol}', request => ticking(request, 3))
    t.feed.events(
      '/prices/{symbol}',
      async function* ({ pause }: SourceRequest) {
        await pause(1_000)
        yield* failing()
      },
      { times: 1 },
    )
    const clients = [t.stream('/prices/EUR'), t.stream('/prices/EUR')]
    for (const s of clients)
      assert.deepEqual(
        (await s.take(2)).map(({ event }) => event),
        ['error'],
      )
    await using again = t.stream('/prices/EUR')
    assert.deepEqual(pricesOf(await again.take(5)), [1, 2, 3])
  })

  test('whose items cannot be coalesced fails for the one who is behind, and not for the others', async () => {
    let asked = 0
    const coalesce = (): string => {
      if (asked++ === 0) throw new TypeError('no key')
      return 'one'
    }
    await using t = await testGateway(gatewayOf({ slow: { policy: { coalesce } } }))
    t.feed.events('/prices/{symbol}', ticking)
    await using first = t.stream('/prices/EUR')
    await using second = t.stream('/prices/EUR')
    await second.expect(200)
    assert.equal((await first.next())?.event, 'error')
    assert.deepEqual(pricesOf(await second.take(2)), [1, 2])
  })

  for (const [what, run] of [
    [
      'at once',
      () => {
        throw new Problem(404, 'No such symbol')
      },
    ],
    ['with its first item', () => refusing()],
  ] as const)
    test(`that fails ${what} is answered so, and is begun anew by the next`, async () => {
      let isKnown = false
      const known = shared(backends, {
        run: (c, symbol: string) =>
          isKnown ? c.feed.events('/prices/{symbol}', { path: { symbol }, item: Price }) : run(),
      })
      const gateway = defineGateway({
        backends,
        routes: r => [
          r.stream('/known/{symbol}', { out: Price, run: ({ params }) => known.of(params.symbol) }),
        ],
      })
      await using t = await testGateway(gateway)
      t.feed.events('/prices/{symbol}', ticking)
      for (let n = 0; n < 2; n++) await t.get('/known/EUR').expect(404)
      isKnown = true
      await using s = t.stream('/known/EUR')
      assert.deepEqual(pricesOf(await s.take(2)), [1, 2])
    })

  test('has a bound of keys', async () => {
    await using t = await testGateway(gatewayOf({ mostKeys: 2 }))
    t.feed.events('/prices/{symbol}', ticking)
    await using one = t.stream('/prices/a')
    await using two = t.stream('/prices/b')
    await one.expect(200)
    await two.expect(200)
    await t.get('/prices/c').expect(503)
    await using same = t.stream('/prices/a')
    await same.expect(200)
  })

  test('keeps of all keys what one may have, also of those that say nothing any more', async () => {
    const large = 'x'.repeat(1_500_000)
    const Text = T.Object({ text: T.String() })
    const texts = shared(backends, {
      replay: { messages: 100, bytes: 32 * 1024 * 1024 },
      slow: { bytes: 32 * 1024 * 1024 },
      async *run(_, symbol: string) {
        for (let n = 1; symbol === 'a' && n <= 14; n++) yield item({ text: large }, { id: String(n) })
        yield item({ text: 'last' }, { id: 'last' })
        await new Promise(() => undefined)
      },
    })
    const gateway = defineGateway({
      backends,
      routes: r => [
        r.stream('/texts/{symbol}', {
          out: Text,
          run: ({ params, lastEventId }) => texts.of(params.symbol, { lastEventId }),
        }),
      ],
    })
    await using t = await testGateway(gateway)
    const after = (id: string) => t.stream('/texts/a', { lastEventId: id })
    await using first = t.stream('/texts/a')
    assert.equal((await first.take(15)).length, 15)
    await using back = after('1')
    assert.equal((await back.take(14)).length, 14)
    // Another key has half of it from now on.
    await using other = t.stream('/texts/b')
    await other.take(1)
    await using late = after('1')
    const items = await late.take(13)
    assert.deepEqual([items[0]!.event, items.at(-1)!.id], ['gap', 'last'], String(items.length))
  })

  /** Three keys at most, which never end, asked for as this client or that. */
  const asking = () => {
    const transport: Transport = {
      retries: true,
      send: ({ call, signal }) =>
        Promise.resolve({
          status: 200,
          headers: { 'content-type': 'text/event-stream' },
          body: new StubBody(call, endless(), signal),
        }),
    }
    const gateway = gatewayOf({ mostKeys: 3, lingerMs: 60_000 }) as unknown as Gateway
    const engine = new Engine(gateway, { transport, clock: systemClock })
    const ask = async (symbol: string, client: string, signal?: AbortSignal) => {
      const target = `/prices/${symbol}`
      const { status, body } = await engine.answer({
        method: 'GET',
        target,
        headers: {},
        body: null,
        client,
        ...(signal && { signal }),
      })
      return {
        status,
        items: status === 200 ? (body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]() : null,
      }
    }
    return { engine, ask }
  }

  test('who has most keys loses one that nobody else takes, where there are as many as may be', async () => {
    const { engine, ask } = asking()
    const leaving = new AbortController()
    const attacks = [await ask('a', 'attacker'), await ask('b', 'attacker'), await ask('c', 'attacker')]
    assert.equal((await ask('a', 'neighbour')).status, 200)
    assert.equal((await ask('d', 'attacker')).status, 503)
    const neighbour = await ask('e', 'neighbour', leaving.signal)
    assert.equal(neighbour.status, 200)
    // Not the oldest, which a neighbour takes too.
    await attacks[1]!.items!.next()
    assert.match(
      Buffer.from((await attacks[1]!.items!.next()).value as Uint8Array).toString(),
      /Too many streams/,
    )
    // What nobody takes any more makes room for anybody.
    leaving.abort()
    assert.equal((await ask('f', 'attacker')).status, 200)
    engine.close()
  })

  test('two clients that take all keys together make room for a third', async () => {
    const { engine, ask } = asking()
    for (const client of ['one', 'other'])
      for (const symbol of ['a', 'b', 'c']) assert.equal((await ask(symbol, client)).status, 200)
    assert.equal((await ask('d', 'one')).status, 503)
    assert.equal((await ask('e', 'neighbour')).status, 200)
    // Of two and two none has more than the newcomer would.
    assert.equal((await ask('f', 'neighbour')).status, 503)
    engine.close()
  })

  test('one client cannot change what others are given', async () => {
    const all = shared(backends, { run: c => c.feed.events('/prices', { item: Price }) })
    const gateway = defineGateway({
      backends,
      routes: r => [
        r.stream('/bad', {
          out: Price,
          run: () =>
            mapped(all.of(null), one => {
              ;(one as { price: number }).price = 0
              return one
            }),
        }),
        r.stream('/good', { out: Price, run: () => all.of(null) }),
      ],
    })
    await using t = await testGateway(gateway)
    t.feed.events('/prices', [{ price: 3 }], { everyMs: 1_000 })
    await using bad = t.stream('/bad')
    await using good = t.stream('/good')
    assert.deepEqual(await good.data(1), [{ price: 3 }])
    assert.equal((await bad.next())?.event, 'error')
  })
})
