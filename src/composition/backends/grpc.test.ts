import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Type as T } from 'typebox'
import { Shop, Tier } from '../../../test/support/fixtures/shop/shop_pb.ts'
import { exampleOf } from '../../../test/support/library.ts'
import { systemClock } from '../../upstream/clock.ts'
import { Engine } from '../engine/engine.ts'
import { WholeBody } from '../transport/whole-body.ts'
import {
  all,
  defineGateway,
  grpc,
  manifestOf,
  soft,
  type CallFailure,
  type Metadata,
} from '../composition.ts'
import { grpcError, testGateway } from '../testing.ts'

let head: Metadata | undefined
let trailers: Metadata | undefined
let failed: CallFailure | undefined

const Titles = T.Array(T.String())

const gateway = defineGateway({
  backends: {
    shop: grpc(Shop, {
      url: 'h2c://shop:50051',
      timeoutMs: 500,
      metadata: { 'x-api': 'k' },
      relay: ['authorization'],
      retry: { attempts: 2 },
    }),
  },
  failures: [{ grpc: 'not_found', answer: { status: 404, title: 'No such book' } }],
  timeoutMs: 1_000,
  routes: r => [
    r.get('/books/{name}', {
      out: T.Object({ title: T.String(), tier: T.Integer(), isbn: T.String() }),
      calls: ['shop getBook'],
      async run({ c, params }) {
        const book = await c.shop.getBook(
          { name: params.name },
          {
            metadata: { 'x-trace-bin': Uint8Array.of(1, 255), 'x-many': ['a', 'b'] },
            onHead: metadata => (head = metadata),
            onTrailers: metadata => (trailers = metadata),
          },
        )
        return { title: book.title, tier: book.tier, isbn: String(book.isbn) }
      },
    }),
    r.get('/two', {
      out: T.Object({ a: T.String(), b: T.Union([T.Null(), T.String()]) }),
      async run({ c }) {
        const a = c.shop.getBook({ name: 'a' })
        const b = a.then(one => c.shop.getBook({ name: `${one.title}b` })).then(one => one.title)
        const x = await all({ a, b: soft(b, null) })
        return { a: x.a.title, b: x.b }
      },
    }),
    r.get('/all', {
      out: Titles,
      async run({ c }) {
        const titles: string[] = []
        for await (const book of c.shop.watchBooks({ name: 'all' })) titles.push(book.title)
        return titles
      },
    }),
    r.stream('/live', {
      out: T.Object({ title: T.String() }),
      async *run({ c }) {
        for await (const { title } of c.shop.watchBooks({ name: 'all' })) yield { title }
      },
    }),
    r.get('/first', {
      out: T.String(),
      async run({ c }) {
        for await (const book of c.shop.watchBooks({ name: 'all' })) return book.title
        return ''
      },
    }),
    r.get('/added', {
      out: T.Integer(),
      run: async ({ c }) => (await c.shop.addBooks([{ title: 'x' }, { title: 'y' }])).count,
    }),
    r.get('/haggled', {
      out: T.Array(T.Number()),
      async run({ c }) {
        const prices: number[] = []
        for await (const book of c.shop.haggle([{ price: 10 }, { price: 7 }])) prices.push(book.price)
        return prices
      },
    }),
    r.get('/caught', {
      out: T.String(),
      async run({ c }) {
        try {
          await c.shop.getBook({ name: 'x' })
        } catch (error) {
          failed = error as CallFailure
        }
        return failed?.answer?.grpc?.code ?? ''
      },
    }),
    r.get('/wrong', {
      out: T.Unknown(),
      run: async ({ c }) => (await c.shop.addBooks([{ pages: 'x' as never }])).count,
    }),
    r.get('/reserved', {
      out: T.Unknown(),
      run: async ({ c }) => await c.shop.getBook({}, { metadata: { 'grpc-timeout': '1S' } }),
    }),
  ],
})

suite('a backend of gRPC', () => {
  test('is called by typed messages, with metadata, a deadline, and what is relayed', async () => {
    await using t = await testGateway(gateway)
    let asked: Readonly<Record<string, string>> = {}
    t.shop.stub('getBook', ({ name }, { metadata }) => {
      asked = metadata.fields
      assert.deepEqual(metadata.bytes('x-trace-bin'), [Buffer.from([1, 255])])
      return { title: `The ${name}`, tier: Tier.GOLD, isbn: 9_007_199_254_740_993n }
    })
    await t
      .get('/books/one', { headers: { authorization: 'Bearer t' } })
      .expect(200)
      .json({ title: 'The one', tier: 1, isbn: '9007199254740993' })
    assert.deepEqual(asked, {
      'x-api': 'k',
      authorization: 'Bearer t',
      'x-trace-bin': 'Af8',
      'x-many': 'a,b',
      'content-type': 'application/grpc+proto',
      te: 'trailers',
      'grpc-accept-encoding': 'gzip',
      'grpc-timeout': '500m',
    })
    assert.equal(head?.get('Content-Type'), 'application/grpc+proto')
    assert.equal(trailers?.get('grpc-status'), '0')
    t.trace.expectCalls('shop getBook')
  })

  test('has calls that depend on each other, of which some may fail', async () => {
    await using t = await testGateway(gateway)
    t.shop.stub('getBook', ({ name }) => {
      if (name === 'AAb') throw grpcError('unavailable', 'gone')
      return { title: 'AA' }
    })
    await t.get('/two').expect(200).partial(['b']).json({ a: 'AA', b: null })
  })

  test('brings messages of streams as they are sent, and tells of the whole of it', async () => {
    await using t = await testGateway(gateway)
    t.shop.stub('watchBooks', async function* (_, call) {
      yield { title: 'one' }
      await call.wait(100)
      yield { title: 'two' }
    })
    await t.get('/all').json(['one', 'two'])
    t.trace.expectOutcome('shop watchBooks', 'ok')
    assert.equal(t.clock.now(), 100)
    t.shop.stub('watchBooks', [{ title: 'x' }, { title: 'y' }])
    await t.get('/first').json('x')
    t.trace.expectOutcome('shop watchBooks', 'cancelled')
  })

  test('streams what is streamed to it, for longer than a call may take', async () => {
    await using t = await testGateway(gateway)
    t.shop.stub('watchBooks', async function* (_, call) {
      yield { title: 'one' }
      await call.wait(60_000)
      yield { title: 'two' }
    })
    const { text } = await t.get('/live', { headers: { accept: 'application/x-ndjson' } }).expect(200)
    assert.equal(text, '{"title":"one"}\n{"title":"two"}\n')
  })

  test('is in the manifest by what goes on the wire', () => {
    assert.deepEqual(manifestOf(gateway).routes[0]?.calls, [
      { backend: 'shop', method: 'POST', path: '/shop.v1.Shop/GetBook' },
    ])
  })

  test('fails a stream where it fails, behind what it has brought', async () => {
    await using t = await testGateway(gateway)
    t.shop.stub('watchBooks', function* () {
      yield { title: 'one' }
      throw grpcError('data_loss', 'lost')
    })
    await t.get('/all').expect(502)
    t.trace.expectOutcome('shop watchBooks', 'backend_status')
  })

  test('has streams end with the deadline of the request, and unanswered ones with that of the backend', async () => {
    await using t = await testGateway(gateway)
    t.shop.stub('watchBooks', async function* (_, call) {
      for (;;) {
        await call.wait(300)
        yield { title: 'again' }
      }
    })
    await t.get('/all').expect(504)
    assert.equal(t.clock.now(), 950)
    t.shop.fail('watchBooks', {})
    await t.get('/all').expect(504)
    assert.equal(t.clock.now(), 950 + 500)
  })

  test('is sent streams', async () => {
    await using t = await testGateway(gateway)
    t.shop.stub('addBooks', async requests => {
      let count = 0
      for await (const { title } of requests) count += title.length
      return { count }
    })
    await t.get('/added').json(2)
    t.shop.stub('haggle', async function* (requests) {
      for await (const { price } of requests) yield { price: price - 1 }
    })
    await t.get('/haggled').json([9, 6])
  })

  for (const [code, status] of [
    ['not_found', 404],
    ['unavailable', 503],
    ['resource_exhausted', 503],
    ['deadline_exceeded', 504],
    ['unauthenticated', 401],
    ['permission_denied', 403],
    ['invalid_argument', 502],
    ['internal', 502],
  ] as const)
    test(`${code} is ${status} to who asked by HTTP`, async () => {
      await using t = await testGateway(gateway)
      t.shop.fail('getBook', { code, message: 'no\u00e9 100%' })
      await t.get('/books/x').expect(status)
    })

  test('tells what it was answered, with the details', async () => {
    await using t = await testGateway(gateway)
    const details = [
      {
        type: 'google.rpc.BadRequest',
        value: { fieldViolations: [{ field: 'name', description: 'is empty' }] },
      },
      { type: 'google.rpc.RetryInfo', value: { retryDelay: '1.500s' } },
    ]
    t.shop.fail('getBook', { code: 'invalid_argument', message: 'nein, é%', details })
    await t.get('/caught').json('invalid_argument')
    const said = failed?.answer?.grpc
    assert.deepEqual([said?.code, said?.message], ['invalid_argument', 'nein, é%'])
    assert.deepEqual(
      said?.details.map(({ type, value }) => ({ type, value })),
      details,
    )
    assert.deepEqual([failed?.answer?.status, failed?.answer?.headers['retry-after']], [400, '2'])
  })

  test('is asked again where the contract lets it', async () => {
    await using t = await testGateway(gateway)
    t.shop.stub('getBook', { title: 'x' })
    t.shop.fail('getBook', { code: 'unavailable', times: 2 })
    await t.get('/books/x').expect(200)
    t.trace.expectAttempts('shop getBook', 3)
    t.shop.fail('getBook', { code: 'internal', times: 1 })
    await t.get('/books/x').expect(502)
    t.shop.stub('addBooks', { count: 1 })
    t.shop.fail('addBooks', { code: 'unavailable', times: 1 })
    await t.get('/added').expect(503)
  })

  test('is not asked what is no message, or metadata: that is a mistake of the composition', async () => {
    await using t = await testGateway(gateway)
    t.shop.stub('addBooks', async requests => ({ count: (await Array.fromAsync(requests)).length }))
    const answer = await t.get('/wrong').expect(500)
    assert.match(String((answer.mistakes[0] as Error).cause), /shop\.v1\.Book\.pages/)
    t.shop.stub('getBook', {})
    const other = await t.get('/reserved').expect(500)
    assert.match(String(other.mistakes[0]), /"grpc-timeout" is no name of metadata/)
  })

  test('fails a test that stubs what is no message', async () => {
    await using t = await testGateway(gateway)
    t.shop.stub('getBook', { pages: 'x' as never })
    await assert.rejects(async () => await t.get('/books/x'), /pages/)
  })

  test('has a stream of nothing where the answer is a status alone', async () => {
    const headers = { 'content-type': 'application/grpc', 'grpc-status': '0', 'x-behind': '1' }
    const send = () => Promise.resolve({ status: 200, headers, body: new WholeBody('', new Uint8Array()) })
    let behind: Metadata | undefined
    const empty = defineGateway({
      backends: { shop: grpc(Shop, { url: 'h2c://shop' }) },
      routes: r => [
        r.get('/all', {
          out: Titles,
          async run({ c }) {
            const books = c.shop.watchBooks({}, { onTrailers: metadata => (behind = metadata) })
            return (await Array.fromAsync(books)).map(({ title }) => title)
          },
        }),
      ],
    })
    const engine = new Engine(empty, { transport: { send }, clock: systemClock })
    const { status, body } = await engine.answer({ method: 'GET', target: '/all', headers: {}, body: null })
    assert.deepEqual([status, body], [200, '[]'])
    assert.equal(behind?.fields['x-behind'], '1')
  })

  test('may have methods of any name', async () => {
    const shape = exampleOf(
      'message M {} service S { rpc Name(M) returns (M); rpc Site(M) returns (M); rpc Constructor(M) returns (M); }',
    )
    const named = defineGateway({
      backends: { s: grpc(shape.getService('example.S')!, { url: 'h2c://s' }) },
      routes: r => [
        r.get('/{method}', {
          out: T.String(),
          async run({ c, params }) {
            const call = c.s[params.method] as unknown as (message: object) => Promise<object>
            await call.call(c.s, {})
            return 'called'
          },
        }),
      ],
    })
    await using t = await testGateway(named)
    for (const method of ['name', 'site', named.backends.s.grpc!.service.methods[2]!.localName]) {
      t.s.stub(method, () => ({}) as never)
      await t.get(`/${method}`).expect(200)
    }
  })

  test('is declared by a URL of HTTP/2 and methods that are there', () => {
    assert.throws(() => grpc(Shop, { url: 'ws://shop' }), /expected h2c:\/\/, http:\/\/ or https:\/\//)
    assert.throws(
      () => grpc(Shop, { url: 'h2c://shop', idempotent: ['getBooks' as never] }),
      /shop\.v1\.Shop has no method getBooks/,
    )
    assert.throws(() => grpc(Shop, { url: 'h2c://shop', metadata: { te: 'x' } }), /"te" is no name/)
  })
})
