import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Type as T } from 'typebox'
import { defineGateway, Gap, http, merged, Problem, relay, websocket } from '../composition.ts'
import type { SocketContext, WebSocketOptions } from '../routes/websocket.ts'
import { FrameSocket } from '../streams/frame-socket.ts'
import { framesOfWs } from '../streams/frames.ts'
import { testGateway } from '../testing.ts'
import { tunnelPair } from '../testing/tunnel-pair.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'

const Tick = T.Object({ price: T.Number() })
const Ask = T.Object({ symbol: T.String() })
const backends = {
  ticks: websocket({ url: 'ws://ticks', receives: Tick, sends: Ask, timeoutMs: 1_000 }),
  raw: websocket({ url: 'ws://raw' }),
  feed: http({ url: 'http://feed' }),
}

type None = Record<never, never>
type Context = SocketContext<typeof backends, '/w', None, typeof Ask, typeof Tick>
type Options = WebSocketOptions<typeof backends, '/w', None, typeof Ask, typeof Tick>

const gatewayOf = (run: (x: Context) => Promise<void> | void, more: Partial<Options> = {}) =>
  defineGateway({
    backends,
    routes: r => [
      r.websocket('/w', { receives: Ask, sends: Tick, ...more, run }),
      r.get('/w', { out: T.String(), run: () => 'no socket' }),
      r.websocket('/alone', { run: async ({ socket }) => socket.send('hello') }),
      r.stream('/s', { out: Tick, run: ({ c }) => c.feed.events('/e', { item: Tick }) }),
    ],
  })

const echoing = async ({ socket }: Context) => {
  for await (const { symbol } of socket)
    await socket.send({ price: symbol.length, secret: 'x' } as { price: number })
}

suite('a WebSocket', () => {
  test('has messages of either side, sends what its schema names, and closes when it is done', async () => {
    await using t = await testGateway(
      gatewayOf(async ({ socket }) => {
        const first = await socket.receive()
        await socket.send({ price: first!.symbol.length, secret: 'x' } as { price: number })
      }),
    )
    await using s = t.socket('/w')
    await s.send({ symbol: 'EUR' })
    assert.deepEqual(await s.receive(), { price: 3 })
    assert.deepEqual(await s.closed(), { code: 1000, reason: '' })
  })

  for (const [what, message, code] of [
    ['does not fit', { name: 'EUR' }, 1008],
    ['is no JSON', 'EUR', 1007],
    ['is bytes', Buffer.from('{"symbol":"a"}'), 1007],
    ['is too long', { symbol: 'x'.repeat(2_000) }, 1009],
  ] as const)
    test(`closes with ${code} where a message ${what}`, async () => {
      await using t = await testGateway(gatewayOf(echoing, { limits: { messageBytes: 1_000 } }))
      await using s = t.socket('/w')
      await s.send(message)
      assert.equal((await s.closed()).code, code)
    })

  for (const [what, run, code, reason] of [
    [
      'throws',
      () => {
        throw new TypeError('secret')
      },
      1011,
      'The composition failed',
    ],
    [
      'throws a Problem of the client',
      () => {
        throw new Problem(403, 'Not for you')
      },
      1008,
      'Not for you',
    ],
    [
      'sends what its schema does not allow',
      ({ socket }: Context) => socket.send({ price: 'much' } as never),
      1011,
      'What the backends answered does not make what the API promises',
    ],
    [
      'has a call that fails',
      async ({ c }: Context) => void (await c.ticks.connect('/no')),
      1011,
      'A backend answered with an error',
    ],
  ] as const)
    test(`closes with ${code} where its route ${what}`, async () => {
      await using t = await testGateway(gatewayOf(run))
      t.ticks.fail('GET /no', { status: 404 })
      await using s = t.socket('/w')
      assert.deepEqual(await s.closed(), { code, reason })
    })

  test('is asked for by Upgrade: a GET beside it is another route, and alone it says so', async () => {
    await using t = await testGateway(gatewayOf(echoing))
    await t.get('/w').expect(200).json('no socket')
    await t.get('/alone').expect(426)
    await t.post('/alone').expect(405)
    await using raw = t.socket('/alone')
    assert.equal((await raw.expect(101)).status, 101)
  })

  test('agrees on a subprotocol, or is refused', async () => {
    await using t = await testGateway(
      gatewayOf(async ({ socket }) => socket.send({ price: socket.protocol.length }), {
        protocols: ['v2', 'v1.5'],
      }),
    )
    await using s = t.socket('/w', { protocols: ['v1.5', 'v9'] })
    assert.equal((await s.expect(101)).headers['sec-websocket-protocol'], 'v1.5')
    assert.deepEqual(await s.receive(), { price: 4 })
    await t.socket('/w', { protocols: ['v9'] }).expect(400)
    await t.socket('/w').expect(400)
  })

  test('is refused by filters with a status', async () => {
    await using t = await testGateway(
      gatewayOf(echoing, {
        before: [
          ({ headers }) => {
            if (headers['authorization'] === undefined) throw new Problem(401, 'Who is it?')
          },
        ],
      }),
    )
    await t.socket('/w').expect(401)
    await using s = t.socket('/w', { headers: { authorization: 'x' } })
    await s.send({ symbol: 'EUR' })
    assert.deepEqual(await s.receive(), { price: 3 })
  })

  test('of a client that closes ends what it has begun', async () => {
    let ended = false
    await using t = await testGateway(
      gatewayOf(async ({ c }) => {
        try {
          for await (const _ of await c.ticks.connect('/t'));
        } finally {
          ended = true
        }
      }),
    )
    let backendEnded = 0
    t.ticks.accept('/t', async ({ socket }) => {
      backendEnded = (await socket.closed).code
    })
    await using s = t.socket('/w')
    await s.expect(101)
    await s.close(1001)
    assert.equal((await s.closed()).code, 1001)
    await using other = t.socket('/alone')
    await other.expect(101)
    await t.get('/w')
    await wait(t)
    assert.deepEqual([ended, backendEnded], [true, 1006])
  })

  test('closes with 1013 for a client that takes too little, and its neighbours get all', async () => {
    const many = defineGateway({
      backends,
      routes: r => [
        r.websocket('/many', {
          slow: { messages: 3 },
          async run({ socket }) {
            for (let i = 0; i < 40; i++) {
              void socket.send(JSON.stringify('x'.repeat(10_000))).catch(() => undefined)
              await new Promise(setImmediate)
            }
          },
        }),
      ],
    })
    await using t = await testGateway(many, { clock: 'real' })
    // It reads nothing: the tunnel has room for 64 KiB.
    const { tunnel } = await t.socket('/many').expect(101)
    const [ours, theirs] = tunnelPair()
    tunnel!(theirs)
    const neighbours = Array.from({ length: 10 }, () => t.socket('/many'))
    await Promise.all(
      neighbours.map(async s => {
        for (let i = 0; i < 40; i++) assert.equal(((await s.receive()) as string).length, 10_000)
        assert.equal((await s.closed()).code, 1000)
      }),
    )
    const frames = await framesOfWs()
    const late = new FrameSocket({
      tunnel: ours,
      side: 'client',
      frames,
      clock: t.clock,
      limits: {},
      slow: {},
    })
    let taken = 0
    while ((await late.receive()) !== null) taken++
    assert.equal((await late.closed).code, 1013)
    assert.ok(taken < 12, `it had ${taken}`)
  })
})

const wait = async (t: { clock: unknown }) => {
  await (t.clock as VirtualClock).during(
    new Promise<void>(resolve => (t.clock as VirtualClock).after(2_000, resolve)),
  )
}

suite('a WebSocket of a backend', () => {
  test('is relayed both ways, with what changes a message, and closes as the backend does', async () => {
    await using t = await testGateway(
      gatewayOf(async ({ socket, c }) => {
        const backend = await c.ticks.connect('/t', { query: { depth: 1 } })
        await relay(socket, backend, {
          toBackend: ({ symbol }) => ({ symbol: symbol.toLowerCase() }),
          toClient: ({ price }) => (price < 0 ? undefined : { price: price * 2 }),
        })
      }),
    )
    t.ticks.accept('/t', async ({ socket, target }) => {
      assert.equal(target, '/t?depth=1')
      for await (const { symbol } of socket) {
        if (symbol === 'end') return socket.close(4001, 'enough')
        await socket.send({ price: -1 })
        await socket.send({ price: symbol.length })
      }
    })
    await using s = t.socket('/w')
    await s.send({ symbol: 'EUR' })
    assert.deepEqual(await s.receive(), { price: 6 })
    await s.send({ symbol: 'END' })
    assert.deepEqual(await s.closed(), { code: 4001, reason: 'enough' })
  })

  test('may be one of several', async () => {
    await using t = await testGateway(
      gatewayOf(async ({ socket, c }) => {
        const events = c.feed.events('/e', { item: Tick })
        for await (const one of merged([await c.ticks.connect('/t'), events]))
          if (!(one instanceof Gap)) await socket.send('data' in one ? one.data : one)
      }),
    )
    t.ticks.accept('/t', async ({ socket, pause }) => {
      await pause(500)
      await socket.send({ price: 1 })
    })
    t.feed.events('/e', [{ price: 2 }, { price: 3 }], { everyMs: 400 })
    await using s = t.socket('/w')
    assert.deepEqual(
      [await s.receive(), await s.receive(), await s.receive()],
      [{ price: 2 }, { price: 1 }, { price: 3 }],
    )
    assert.equal((await s.closed()).code, 1000)
  })

  test('that breaks its contract is a failure', async () => {
    await using t = await testGateway(
      gatewayOf(async ({ c }) => void (await (await c.ticks.connect('/t')).receive())),
    )
    t.ticks.accept('/t', async ({ socket }) => socket.send({ cost: 1 } as never))
    await using s = t.socket('/w')
    assert.deepEqual(await s.closed(), { code: 1011, reason: 'The answer of a backend cannot be read' })
    assert.equal(t.trace.calls[0]!.status, 101)
  })
})

suite('a stream, asked for as a WebSocket', () => {
  test('has a message for each item, and closes at its end', async () => {
    await using t = await testGateway(gatewayOf(echoing))
    t.feed.events('/e', [{ price: 1 }, { price: 2 }])
    await using s = t.socket('/s')
    assert.deepEqual([await s.receive(), await s.receive()], [{ price: 1 }, { price: 2 }])
    assert.equal((await s.closed()).code, 1000)
  })

  test('closes with 1011 where it fails in the middle', async () => {
    await using t = await testGateway(gatewayOf(echoing))
    t.feed.events('/e', [{ price: 1 }, { cost: 2 }])
    await using s = t.socket('/s')
    assert.deepEqual(await s.receive(), { price: 1 })
    assert.deepEqual(await s.closed(), { code: 1011, reason: 'The answer of a backend cannot be read' })
  })

  test('is answered with a status where it fails before', async () => {
    await using t = await testGateway(gatewayOf(echoing))
    t.feed.fail('GET /e', { status: 503 })
    await t.socket('/s').expect(503)
  })
})

suite('the connection of a WebSocket', () => {
  const pair = async () => {
    const clock = new VirtualClock()
    const [ours, theirs] = tunnelPair()
    const frames = await framesOfWs()
    return { clock, frames, ours, theirs }
  }

  test('that says nothing is asked, and given up', async () => {
    const { clock, frames, theirs } = await pair()
    const socket = new FrameSocket({ tunnel: theirs, side: 'server', frames, clock, limits: {}, slow: {} })
    assert.equal((await clock.during(socket.closed)).code, 1006)
    assert.equal(clock.now(), 60_000)
  })

  test('that answers is kept', async () => {
    const { clock, frames, ours, theirs } = await pair()
    const server = new FrameSocket({ tunnel: theirs, side: 'server', frames, clock, limits: {}, slow: {} })
    const client = new FrameSocket({ tunnel: ours, side: 'client', frames, clock, limits: {}, slow: {} })
    await clock.during(new Promise<void>(resolve => clock.after(600_000, resolve)))
    client.close(1000)
    assert.equal((await clock.during(server.closed)).code, 1000)
  })

  test('is not read where nobody takes what has come', async () => {
    const { clock, frames, ours, theirs } = await pair()
    const server = new FrameSocket({
      tunnel: theirs,
      side: 'server',
      frames,
      clock,
      limits: { messages: 4 },
      slow: {},
    })
    const client = new FrameSocket({
      tunnel: ours,
      side: 'client',
      frames,
      clock,
      limits: {},
      slow: { messages: 10_000 },
    })
    let sent = 0
    const sending = (async () => {
      for (; sent < 10_000; sent++) await client.send('x'.repeat(1_000), null)
    })()
    for (let i = 0; i < 500; i++) await new Promise(setImmediate)
    assert.ok(sent < 200, `${sent} were taken`)
    let received = 0
    while (received < 10_000 && (await server.receive()) !== null) received++
    await sending
    assert.equal(received, 10_000)
  })

  for (const [what, bytes, code] of [
    ['a frame without a mask', [0x81, 0x01, 0x61], 1002],
    ['an unknown opcode', [0x83, 0x80, 0, 0, 0, 0], 1002],
    ['text that is no UTF-8', [0x81, 0x81, 0, 0, 0, 0, 0xff], 1007],
    ['a long ping', [0x89, 0xfe, 0, 126, 0, 0, 0, 0], 1002],
  ] as const)
    test(`${what} closes with ${code}`, async () => {
      const { clock, frames, ours, theirs } = await pair()
      const socket = new FrameSocket({ tunnel: theirs, side: 'server', frames, clock, limits: {}, slow: {} })
      await ours.write(Buffer.from(bytes))
      const received: number[] = []
      void (async () => {
        for await (const chunk of ours.incoming) received.push(...chunk)
      })().catch(() => undefined)
      await clock.during(socket.closed)
      assert.deepEqual(received.slice(0, 4), [0x88, received[1], code >> 8, code & 0xff])
    })
})
