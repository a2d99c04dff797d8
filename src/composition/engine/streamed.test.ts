/* oxlint-disable typescript/require-await, eslint/require-yield -- items that are here already */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Type as T } from 'typebox'
import { answer, defineGateway, Gap, http, item, mapped, merged, Problem } from '../composition.ts'
import type { StreamContext, StreamOptions } from '../routes/stream.ts'
import { testGateway } from '../testing.ts'
import type { BackendAnswer, BackendRequest } from '../transport/transport.ts'
import { WholeBody } from '../transport/whole-body.ts'
import { Engine } from './engine.ts'
import { gathered } from '../transport/gathered.ts'

const Price = T.Object({ price: T.Number() })
const backends = { a: http({ url: 'http://a', timeoutMs: 1_000 }), b: http({ url: 'http://b' }) }

type Options = StreamOptions<typeof backends, '/s', Record<never, never>, typeof Price>
type Run = (x: StreamContext<typeof backends, '/s', Record<never, never>>) => AsyncIterable<unknown>

/** A gateway of one stream. */
const gatewayOf = (run: Run, more: Partial<Options> = {}) =>
  defineGateway({
    backends,
    routes: r => [r.stream('/s', { out: Price, ...more, run: run as Options['run'] })],
  })

/** Items at once, then what happens. */
async function* priced(...prices: readonly number[]) {
  for (const price of prices) yield { price, secret: 'x' }
}

const told = async (run: Run, accept: string, more: Partial<Options> = {}) => {
  await using t = await testGateway(gatewayOf(run, more))
  const s = t.stream('/s', { headers: { accept } })
  const { headers, body } = await s.expect(200)
  const text = async () => Buffer.from(await gathered(body)).toString('utf8')
  return { type: headers['content-type'], text: await text() }
}

suite('a stream', () => {
  for (const [accept, text] of [
    ['text/event-stream', 'data: {"price":1}\n\ndata: {"price":2}\n\n'],
    ['application/x-ndjson', '{"price":1}\n{"price":2}\n'],
    ['application/json', '[{"price":1},{"price":2}]'],
  ] as const)
    test(`is what its schema names, as ${accept}`, async () =>
      assert.deepEqual(await told(() => priced(1, 2), accept), { type: accept, text }))

  for (const [accept, text] of [
    ['text/event-stream', ''],
    ['application/json', '[]'],
  ] as const)
    test(`of nothing is empty, as ${accept}`, async () =>
      assert.equal((await told(() => priced(), accept)).text, text))

  test('is not had in what nobody can write', async () => {
    await using t = await testGateway(gatewayOf(() => priced(1)))
    await t
      .get('/s', { headers: { accept: 'text/html' } })
      .expect(406)
      .problem({ status: 406 })
  })

  test('has ids and events beside its data', async () => {
    const run = async function* () {
      yield item({ price: 1 }, { id: '7', event: 'rise' })
      yield new Gap(3)
    }
    assert.equal(
      (await told(run, 'text/event-stream')).text,
      'id: 7\nevent: rise\ndata: {"price":1}\n\nevent: gap\ndata: {"missed":3}\n\n',
    )
    assert.equal((await told(run, 'application/x-ndjson')).text, '{"price":1}\n{"gap":{"missed":3}}\n')
    await assert.rejects(told(run, 'application/json'), /no place to say so/)
  })

  const failing = async function* () {
    yield { price: 1 }
    throw new Problem(409, 'Sold out')
  }
  test('says what fails in the middle in its own way', async () => {
    const problem = /\{.*"title":"Sold out".*\}/.source
    assert.match(
      (await told(failing, 'text/event-stream')).text,
      new RegExp(`^data: .*\n\nevent: error\ndata: ${problem}\n\n$`),
    )
    assert.match(
      (await told(failing, 'application/x-ndjson')).text,
      new RegExp(`^.*\n\\{"error":${problem}\\}\n$`),
    )
    await assert.rejects(told(failing, 'application/json'), /Sold out/)
  })

  test('that fails before its first item is answered with a status', async () => {
    const run = async function* () {
      await Promise.resolve()
      throw new Problem(404, 'No such shop')
    }
    await using t = await testGateway(gatewayOf(run))
    await t.get('/s').expect(404).problem({ title: 'No such shop' })
  })

  test('that does what its schema does not allow ends so, and the mistake is told', async () => {
    const run = async function* () {
      yield { price: 1 }
      yield { price: 'much' }
    }
    const { text } = await told(run, 'text/event-stream')
    assert.match(text, /event: error\ndata: .*"status":502/)
    assert.doesNotMatch(text, /much/)
  })

  test('begins before its first item where that takes its time', async () => {
    const run: Run = async function* ({ c }) {
      for await (const one of c.a.events('/e', { item: Price })) yield one
    }
    await using t = await testGateway(gatewayOf(run))
    t.a.events('/e', async function* ({ pause }) {
      await pause(40_000)
      yield { price: 1 }
    })
    await using s = t.stream('/s')
    await s.expect(200)
    assert.equal(t.clock.now(), 250)
    assert.deepEqual(await s.data(), [{ price: 1 }])
    // Comments were written meanwhile, which are no items.
    assert.equal(t.clock.now(), 40_000)
  })

  for (const [what, times, atMs] of [
    ['an item too late', { idleMs: 500 }, 500],
    ['more time than all of it has', { totalMs: 700 }, 700],
  ] as const)
    test(`ends with ${what}`, async () => {
      const run: Run = async function* ({ c }) {
        yield { price: 1 }
        yield* c.a.events('/e', { item: Price })
      }
      await using t = await testGateway(gatewayOf(run, { times }))
      t.a.events('/e', ({ pause }) =>
        (async function* () {
          await pause(Infinity)
          yield 1
        })(),
      )
      await using s = t.stream('/s')
      const items = await s.take(3)
      assert.deepEqual(
        items.map(({ event }) => event),
        ['message', 'error'],
      )
      assert.equal((items[1]!.data as { status: number }).status, 504)
      assert.equal(t.clock.now(), atMs)
      t.trace.expectOutcome('a GET /e', times === undefined ? '' : t.trace.calls[0]!.outcome!)
      assert.match(t.trace.calls[0]!.outcome!, /^(?:cancelled|deadline_exceeded)$/)
    })

  test('of a client that goes away ends its calls and its function', async () => {
    let ended = false
    const run: Run = async function* ({ c }) {
      try {
        yield* c.a.events('/e', { item: Price })
      } finally {
        ended = true
      }
    }
    await using t = await testGateway(gatewayOf(run))
    t.a.events('/e', async function* ({ pause }) {
      yield { price: 1 }
      await pause(Infinity)
    })
    const s = t.stream('/s')
    assert.deepEqual(await s.data(1), [{ price: 1 }])
    s.leave()
    assert.equal(await s.next(), undefined)
    await new Promise(setImmediate)
    assert.equal(ended, true)
    assert.notEqual(t.trace.calls[0]!.endedMs, null)
  })

  test('that nobody takes is let go', async () => {
    const run: Run = async function* ({ c }) {
      yield* c.a.events('/e', { item: Price })
    }
    await using t = await testGateway(gatewayOf(run, { times: { stallMs: 2_000 } }))
    t.a.events(
      '/e',
      Array.from({ length: 9 }, (_, price) => ({ price })),
      { everyMs: 1_000 },
    )
    await using s = t.stream('/s')
    await s.data(1)
    // The time is that of another one, which is taken.
    await using other = t.stream('/s')
    assert.equal((await other.data(5)).length, 5)
    // It comes back by itself, and says where it was.
    assert.deepEqual(await s.take(5), [])
  })

  test('asks for an item when the one before has been taken', async () => {
    let asked = 0
    const run: Run = async function* () {
      for (; ; asked++) yield { price: asked }
    }
    await using t = await testGateway(gatewayOf(run))
    await using s = t.stream('/s')
    await s.data(3)
    assert.ok(asked <= 4, `asked for ${asked}`)
  })

  test('of a client that is too slow loses the oldest, and says so', async () => {
    const run: Run = async function* () {
      for (let price = 0; price < 10; price++) yield { price }
    }
    await using t = await testGateway(gatewayOf(run, { slow: { messages: 3, policy: 'drop-oldest' } }))
    await using s = t.stream('/s')
    await s.expect(200)
    await new Promise(setImmediate)
    const items = await s.take(20)
    assert.deepEqual(
      items.map(({ event, data }) => [event, data]),
      [
        ['gap', { missed: 7 }],
        ['message', { price: 7 }],
        ['message', { price: 8 }],
        ['message', { price: 9 }],
      ],
    )
  })

  test('whose items cannot be coalesced fails', async () => {
    const coalesce = (): never => {
      throw new TypeError('no key')
    }
    const run = async function* () {
      yield { price: 1 }
    }
    await using t = await testGateway(gatewayOf(run, { slow: { policy: { coalesce } } }))
    await using s = t.stream('/s')
    assert.deepEqual(
      (await s.take(2)).map(({ event }) => event),
      ['error'],
    )
  })

  test('goes through the filters, which see its head', async () => {
    const gateway = defineGateway({
      backends,
      after: [() => answer(null, { headers: { 'x-shop': 'a' } })],
      routes: r => [
        r.stream('/s', { out: Price, run: () => priced(1) }),
        r.stream('/no', {
          out: Price,
          before: [
            () => {
              throw new Problem(401, 'Who is it?')
            },
          ],
          run: () => priced(1),
        }),
        r.stream('/elsewhere', {
          out: Price,
          before: [() => answer(null, { status: 307, headers: { location: '/s' } })],
          run: () => priced(1),
        }),
      ],
    })
    await using t = await testGateway(gateway)
    assert.equal((await t.stream('/s').expect(200)).headers['x-shop'], 'a')
    await t.get('/no').expect(401)
    await t.get('/elsewhere').expect(307)
    await t.head('/s').expect(200).header('content-type', 'text/event-stream')
  })
})

suite('a stream of backends', () => {
  test('is relayed with where it goes on', async () => {
    const run: Run = ({ c, lastEventId }) =>
      mapped(c.a.events('/e', { item: Price, lastEventId }), ({ price }) => ({ price: price * 2 }))
    await using t = await testGateway(gatewayOf(run))
    t.a.events('/e', ({ headers }) => [
      item({ price: 1 }, { id: `after ${headers['last-event-id'] ?? 'nothing'}` }),
    ])
    assert.deepEqual(await t.stream('/s').next(), {
      event: 'message',
      id: 'after nothing',
      data: { price: 2 },
    })
    assert.equal((await t.stream('/s', { lastEventId: '7' }).next())?.id, 'after 7')
  })

  test('may be several, each as it comes', async () => {
    const run: Run = ({ c }) => merged([c.a.events('/e', { item: Price }), c.b.events('/e', { item: Price })])
    await using t = await testGateway(gatewayOf(run))
    t.a.events('/e', [{ price: 1 }, { price: 2 }], { everyMs: 100 })
    t.b.events('/e', [{ price: 3 }], { everyMs: 150 })
    assert.deepEqual(await t.stream('/s').data(), [{ price: 1 }, { price: 3 }, { price: 2 }])
    t.trace.expectParallel('a GET /e', 'b GET /e')
  })

  test('that comes back says where it was, and a gap where it cannot', async () => {
    const run: Run = ({ c }) => c.a.events('/e', { item: Price, reconnect: true })
    await using t = await testGateway(gatewayOf(run))
    const seen: (string | undefined)[] = []
    let n = 0
    t.a.events('/e', ({ headers }) => {
      seen.push(headers['last-event-id'])
      return [item({ price: ++n }, n > 1 ? { id: String(n) } : {})]
    })
    await using s = t.stream('/s')
    const items = await s.take(4)
    assert.deepEqual(
      items.map(({ event, id }) => [event, id]),
      [
        ['message', null],
        ['gap', null],
        ['message', '2'],
        ['message', '3'],
      ],
    )
    assert.deepEqual(seen, [undefined, undefined, '2'])
    assert.equal(t.clock.now(), 2_000)
  })

  test('goes on behind a checkpoint, and anew where its id was taken back', async () => {
    const sent = ['id: 1\ndata: {"price":1}\n\nid: 2\n\n', 'id\ndata: {"price":2}\n\n', '']
    const seen: (string | undefined)[] = []
    const send = ({ headers, signal }: BackendRequest): Promise<BackendAnswer> => {
      const text = sent[seen.length]
      seen.push(headers['last-event-id'])
      if (text === undefined) return new Promise((_, reject) => signal.addEventListener('abort', reject))
      const body = new WholeBody('', Buffer.from(text))
      return Promise.resolve({ status: 200, headers: { 'content-type': 'text/event-stream' }, body })
    }
    const run: Run = ({ c }) => c.b.events('/e', { item: Price, reconnect: true })
    // Of all that waits only what comes back does so in this time.
    const after = (ms: number, wanted: () => void) => {
      const timer = ms === 1_000 ? setImmediate(wanted) : undefined
      return () => clearImmediate(timer)
    }
    const engine = new Engine(gatewayOf(run), { transport: { send }, clock: { now: () => 0, after } })
    const { body } = await engine.answer({ method: 'GET', target: '/s', headers: {}, body: null })
    void gathered(body as AsyncIterable<Uint8Array>)
    while (seen.length < 3) await new Promise(setImmediate)
    assert.deepEqual(seen, [undefined, '2', undefined])
  })

  for (const [what, stub, status] of [
    ['answers an error', (t: Kit) => t.a.fail('GET /e', { status: 404 }), 502],
    ['says nothing', (t: Kit) => t.a.fail('GET /e', {}), 504],
    ['answers something else', (t: Kit) => t.a.stub('GET /e', '<html>'), 502],
    ['breaks its contract', (t: Kit) => t.a.events('/e', [{ cost: 1 }]), 502],
  ] as const)
    test(`that ${what} fails with a status`, async () => {
      await using t = await testGateway(
        gatewayOf(({ c }) => c.a.events('/e', { item: Price }), { times: { headMs: 2_000 } }),
      )
      stub(t)
      await t.get('/s').expect(status)
    })
})

type Kit = Awaited<ReturnType<typeof testGateway<typeof backends>>>
