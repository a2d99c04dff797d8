import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Type as T } from 'typebox'
import { storefront } from '../../../test/support/storefront.ts'
import {
  all,
  answer,
  any,
  CallFailure,
  defineGateway,
  http,
  Problem,
  race,
  rest,
  soft,
} from '../composition.ts'
import type { Answer } from '../routes/answer.ts'
import { reply, testGateway } from '../testing.ts'

const ada = { id: '7', name: 'Ada', tier: 'gold' } as const

async function storefrontUp() {
  const t = await testGateway(storefront)
  t.users.stub('GET /users/{id}', { ...ada, email: 'ada@example.com' })
  t.users.stub('GET /users/{id}/orders', [{ id: 'o1', total: 3 }])
  t.shop.stub('GET /tiers/{name}/book', ({ path }) => ({ title: `of ${path['name'] ?? ''}`, price: 9 }))
  return t
}

suite('an answer that is made of several', () => {
  test('calls go out at once, but for one that depends on another', async () => {
    await using t = await storefrontUp()
    await t
      .get('/me/7/home')
      .expect(200)
      .partial([])
      .json({ name: 'Ada', orders: [{ id: 'o1', total: 3 }], book: { title: 'of gold' } })
    t.trace
      .expectParallel('users GET /users/{id}', 'users GET /users/{id}/orders')
      .expectSequence('users GET /users/{id}', 'shop GET /tiers/{name}/book')
  })

  test('a soft failure yields its fallback, and is told', async () => {
    await using t = await storefrontUp()
    t.users.fail('GET /users/{id}/orders', { status: 503, afterMs: 200 })
    t.shop.fail('GET /tiers/{name}/book', { reset: true })
    const res = await t.get('/me/7/home')
    res.expect(200).partial(['orders', 'book']).json({ name: 'Ada', orders: [], book: null })
    res.header('cache-control', 'no-store')
  })

  test('a slow soft call is given up while there is time to merge', async () => {
    await using t = await storefrontUp()
    t.shop.fail('GET /tiers/{name}/book', {})
    await t.get('/me/7/home').expect(200).partial(['book'])
    assert.equal(t.clock.now(), 500)
    t.trace.expectOutcome('shop GET /tiers/{name}/book', 'http_response_timeout')
  })

  test('a hard failure ends the others', async () => {
    await using t = await storefrontUp()
    t.users.fail('GET /users/{id}', { status: 404, afterMs: 10 })
    t.users.stub('GET /users/{id}/orders', [], { afterMs: 600 })
    await t.get('/me/7/home').expect(404).problem({ title: 'No such user', reason: 'backend_status' })
    assert.equal(t.clock.now(), 10)
    t.trace.expectOutcome('users GET /users/{id}/orders', 'cancelled')
    t.trace.expectCalls('users GET /users/{id}', 'users GET /users/{id}/orders')
  })

  test('when the client leaves, every call is cancelled', async () => {
    await using t = await storefrontUp()
    t.users.stub('GET /users/{id}', ada, { afterMs: 300 })
    t.users.stub('GET /users/{id}/orders', [], { afterMs: 300 })
    const res = await t.get('/me/7/home', { leaveAfterMs: 100 })
    res.expect(499)
    assert.equal(t.clock.now(), 100)
    assert.deepEqual(
      res.trace.calls.map(({ outcome }) => outcome),
      ['client_gone', 'client_gone'],
    )
  })

  test('a call that a route does not declare is refused, and the client is not told why', async () => {
    const gateway = defineGateway({
      backends: { a: http({ url: 'http://a' }) },
      routes: r => [
        r.get('/', {
          out: T.Unknown(),
          calls: ['a GET /x'],
          run: async ({ c }) => (await c.a.get('/y')).status,
        }),
      ],
    })
    await using t = await testGateway(gateway)
    const res = await t.get('/')
    res.expect(500)
    assert.doesNotMatch(res.text, /a GET/)
    assert.match(String(res.mistakes[0]), /GET \/ calls "a GET \/y", and declares only: a GET \/x/)
  })
})

/** A gateway of one route, GET /, with backends `a` and `b`. */
const one = (run: Parameters<typeof routeOf>[0], more: Parameters<typeof routeOf>[1] = {}) =>
  routeOf(run, more)

function routeOf(
  run: (c: { a: Http; b: Http }) => unknown,
  more: { readonly timeoutMs?: number; readonly partial?: 'header' | 'refuse' },
) {
  return defineGateway({
    backends: {
      a: http({ url: 'http://a', timeoutMs: 5_000 }),
      b: http({ url: 'http://b', timeoutMs: 5_000 }),
    },
    routes: r => [r.get('/', { out: T.Unknown(), ...more, run: ({ c }) => run(c) as Promise<unknown> })],
  })
}

type Http = NonNullable<ReturnType<typeof http>['contract']>['client']

suite('any and race', () => {
  for (const [what, combine, expected, cancelled] of [
    ['any takes the first that succeeds', any, 'b', []],
    ['race takes the first that settles', race, null, ['b GET /']],
  ] as const)
    test(what, async () => {
      await using t = await testGateway(
        one(c => {
          const fails = c.a.get('/').then((): string => {
            throw new Problem(409, 'a fails')
          })
          return combine([fails, c.b.get('/').then(() => 'b')])
        }),
      )
      t.a.stub('GET /', 1, { afterMs: 10 })
      t.b.stub('GET /', 1, { afterMs: 20 })
      const res = await t.get('/')
      if (expected === null) res.expect(409)
      else res.expect(200).json(expected)
      const ended = res.trace.calls.filter(({ outcome }) => outcome === 'cancelled').map(({ call }) => call)
      assert.deepEqual(ended, cancelled)
    })

  test('who is later is cancelled, with what it has begun itself', async () => {
    await using t = await testGateway(
      one(c =>
        any([
          c.a.get('/').then(async () => {
            await c.a.get('/more')
            return 'slow'
          }),
          c.b.get('/').then(() => 'quick'),
        ]),
      ),
    )
    t.a.stub('GET /', 1, { afterMs: 10 })
    t.a.stub('GET /more', 1, { afterMs: 1_000 })
    t.b.stub('GET /', 1, { afterMs: 50 })
    await t.get('/').expect(200).json('quick')
    t.trace.expectOutcome('a GET /more', 'cancelled')
    assert.equal(t.clock.now(), 50)
  })

  test('any of which all fail, fails as the first did', async () => {
    await using t = await testGateway(
      one(c =>
        any([c.a.get('/').then(() => Promise.reject(new Problem(418, 'first'))), c.b.get('/')]).catch(
          error => {
            throw error
          },
        ),
      ),
    )
    t.a.stub('GET /', 1, { afterMs: 50 })
    t.b.fail('GET /', { reset: true })
    await t.get('/').expect(418)
  })
})

suite('calls that nobody awaits', () => {
  test('are begun, and their failure ends nothing', async () => {
    const unhandled: unknown[] = []
    const listen = (reason: unknown) => unhandled.push(reason)
    process.on('unhandledRejection', listen)
    await using t = await testGateway(
      one(async c => {
        void c.a.get('/').then(() => Promise.reject(new Error('nobody hears this')))
        void soft(
          c.a.get('/reset').then(() => 1),
          2,
        )
        void all([c.a.get('/reset'), c.b.get('/')])
        await c.b.get('/')
        return 'done'
      }),
    )
    t.a.stub('GET /', 1)
    t.a.fail('GET /reset', { reset: true })
    t.b.stub('GET /', 1, { afterMs: 50 })
    await t.get('/').expect(200).json('done')
    await new Promise(resolve => setImmediate(resolve))
    process.off('unhandledRejection', listen)
    assert.deepEqual(unhandled, [])
  })

  test('are cancelled when the request is answered', async () => {
    await using t = await testGateway(
      one(c => {
        void c.a.get('/')
        return Promise.resolve('done')
      }),
    )
    t.a.stub('GET /', 1, { afterMs: 1_000 })
    const res = await t.get('/')
    await new Promise(resolve => setImmediate(resolve))
    res.trace.expectOutcome('a GET /', 'cancelled')
  })
})

suite('when the request is over', () => {
  test('no call goes out any more, also where none was on its way', async () => {
    let later!: () => unknown
    await using t = await testGateway(
      one(c => {
        later = () => c.a.get('/')
        return Promise.resolve('done')
      }),
    )
    t.a.stub('GET /', 1)
    await t.get('/').expect(200).json('done')
    await assert.rejects(async () => await later(), { failure: 'cancelled' })
    t.trace.expectCalls()
  })

  test('who asks then is told so by its signal', async () => {
    let signal!: () => AbortSignal
    await using t = await testGateway(
      defineGateway({
        backends: {},
        routes: r => [
          r.get('/', {
            out: T.Null(),
            run(x) {
              signal = () => x.signal
              return null
            },
          }),
        ],
      }),
    )
    await t.get('/').expect(200)
    assert.equal(signal().aborted, true)
  })
})

suite('time', () => {
  test('calls share what the request has, less what merging needs', async () => {
    await using t = await testGateway(
      one(
        async c => {
          await c.a.get('/')
          return await soft(
            c.b.get('/').then(() => 'b'),
            'late',
          )
        },
        { timeoutMs: 1_000 },
      ),
    )
    t.a.stub('GET /', 1, { afterMs: 600 })
    t.b.stub('GET /', 1, { afterMs: 600 })
    await t.get('/').expect(200).json('late')
    assert.equal(t.clock.now(), 950)
  })

  test('a route that comes to no end is answered at its deadline', async () => {
    await using t = await testGateway(one(() => new Promise(() => undefined), { timeoutMs: 700 }))
    await t.get('/').expect(504).problem({ reason: 'deadline_exceeded' })
    assert.equal(t.clock.now(), 700)
  })

  test('a backend is told what is left', async () => {
    await using t = await storefrontUp()
    let told: string | undefined
    t.users.stub('GET /users/{id}', ada, { afterMs: 600 })
    t.shop.stub('GET /tiers/{name}/book', ({ headers }) => {
      told = headers['x-deadline-ms']
      return { title: 'x', price: 1 }
    })
    await t.get('/me/7/home').expect(200)
    assert.equal(told, '350')
  })
})

suite('partial answers', () => {
  const half = (c: { readonly a: Http }) =>
    soft(
      c.a.get('/').then(() => ({ x: 1 })),
      { x: 0 },
      { name: 'x' },
    )

  test('by a member', async () => {
    await using t = await testGateway(
      defineGateway({
        backends: { a: http({ url: 'http://a' }) },
        routes: r => [
          r.get('/', {
            out: T.Object({ x: T.Integer() }),
            partial: { member: 'missing' },
            run: async ({ c }) => await half(c),
          }),
        ],
      }),
    )
    t.a.fail('GET /', { refused: true })
    await t
      .get('/')
      .expect(200)
      .partial([])
      .json({ x: 0, missing: ['x'] })
  })

  for (const nothing of [undefined, () => 1])
    test(`of nothing that JSON can say it is null: ${String(nothing)}`, async () => {
      await using t = await testGateway(
        one(async c => {
          await half(c)
          return nothing
        }),
      )
      t.a.fail('GET /', { refused: true })
      await t.get('/').expect(200).partial(['x']).json(null)
    })

  test('by 502', async () => {
    await using t = await testGateway(one(async c => await half(c), { partial: 'refuse' }))
    t.a.fail('GET /', { refused: true })
    await t
      .get('/')
      .expect(502)
      .problem({ partial: ['x'] })
  })

  test('a mistake in a callback is a soft failure too, and is reported', async () => {
    await using t = await testGateway(
      one(c =>
        soft(
          c.a.get('/').then(() => (undefined as unknown as { x: number }).x),
          0,
        ),
      ),
    )
    t.a.stub('GET /', 1)
    const res = await t.get('/')
    res.expect(200).partial(['a GET /']).json(0)
    assert.ok(res.mistakes[0] instanceof TypeError)
  })
})

suite('failures', () => {
  for (const [what, fault, status, reason] of [
    ['an error', { status: 500 }, 502, 'backend_status'],
    ['a status that means something to its own clients', { status: 409 }, 502, 'backend_status'],
    ['credentials that are ours', { status: 401 }, 502, 'backend_status'],
    ['too many requests of all clients together', { status: 429 }, 503, 'backend_status'],
    ['503', { status: 503 }, 503, 'backend_status'],
    ['504', { status: 504 }, 504, 'backend_status'],
    ['nobody there', { refused: true }, 502, 'connection_refused'],
    ['an end before an answer', { reset: true }, 502, 'connection_terminated'],
    ['silence', {}, 504, 'http_response_timeout'],
  ] as const)
    test(`${what} is ${status}`, async () => {
      const gateway = defineGateway({
        backends: {
          a: rest<{ '/': { get: { responses: { 200: { content: { 'application/json': string } } } } } }>({
            url: 'http://a',
          }),
        },
        routes: r => [r.get('/', { out: T.String(), run: ({ c }) => c.a.get('/') })],
      })
      await using t = await testGateway(gateway)
      t.a.fail('GET /', { ...fault, headers: { 'retry-after': '3' } })
      const res = await t.get('/')
      res
        .expect(status)
        .problem({ reason })
        .header('retry-after', status === 503 ? '3' : undefined)
    })

  test('credentials that are the client’s are its affair', async () => {
    await using t = await storefrontUp()
    await using b = await testGateway(
      defineGateway({
        backends: {
          a: rest<{ '/': { get: { responses: { 200: { content: { 'application/json': string } } } } } }>({
            url: 'http://a',
            relay: ['Authorization'],
          }),
        },
        routes: r => [r.get('/', { out: T.String(), run: ({ c }) => c.a.get('/') })],
      }),
    )
    b.a.stub('GET /', ({ headers }) => (headers['authorization'] === 'Bearer good' ? 'yes' : reply(401)))
    await b
      .get('/', { headers: { Authorization: 'Bearer good' } })
      .expect(200)
      .json('yes')
    await b.get('/', { headers: { Authorization: 'Bearer bad' } }).expect(401)
    // Who is not to be told whose request it is, is not.
    let seen: string | undefined = 'unset'
    t.users.stub('GET /users/{id}', ({ headers }) => {
      seen = headers['authorization']
      return ada
    })
    await t.get('/me/7/home', { headers: { authorization: 'Bearer x', traceparent: '00-1' } }).expect(200)
    assert.equal(seen, undefined)
  })

  test('a mistake of the route is 500, and the client is not told of it', async () => {
    await using t = await testGateway(one(() => Promise.reject(new Error('password: hunter2'))))
    const res = await t.get('/')
    res.expect(500)
    assert.doesNotMatch(res.text, /hunter2/)
    assert.equal((res.mistakes[0] as Error).message, 'password: hunter2')
  })

  test('a route may look into a failure', async () => {
    const gateway = defineGateway({
      backends: {
        a: rest<{ '/': { get: { responses: { 200: { content: { 'application/json': string } } } } } }>({
          url: 'http://a',
        }),
      },
      routes: r => [
        r.get('/', {
          out: T.Unknown(),
          async run({ c }) {
            try {
              return await c.a.get('/')
            } catch (error) {
              assert.ok(error instanceof CallFailure)
              throw new Problem(409, 'Taken', { members: { by: error.answer?.body } })
            }
          },
        }),
      ],
    })
    await using t = await testGateway(gateway)
    t.a.fail('GET /', { status: 409, body: { owner: 'Bob' } })
    await t
      .get('/')
      .expect(409)
      .problem({ title: 'Taken', by: { owner: 'Bob' } })
  })
})

suite('what comes in', () => {
  for (const [what, target, status, at] of [
    ['a number of text', '/report?year=2026', 200, null],
    ['a word for a number', '/report?year=last', 400, 'query/year'],
    ['nothing', '/report', 400, 'query'],
    ['two of what there is one', '/report?year=1&year=2', 400, 'query/year'],
    ['no such path', '/reports', 404, null],
    ['a broken escape', '/me/%zz/home', 400, null],
    ['what would be another path', '/me/../home', 400, null],
    ['what would be another path, escaped', '/me/%2e%2e/home', 400, null],
    ['what would be another path behind a slash', '/me/..%2Fx/home', 400, null],
  ] as const)
    test(`${what} is ${status}`, async () => {
      await using t = await storefrontUp()
      t.legacy.stub('GET /report/{year}', reply(200, 'a\nb', { 'content-type': 'text/plain' }))
      const res = await t.get(target)
      res.expect(status)
      if (at !== null) assert.equal((res.body as { errors: { at: string }[] }).errors[0]?.at, at)
    })

  test('fields that a schema wants are there, as text', async () => {
    const headers = T.Object({ 'x-key': T.String(), 'x-count': T.Optional(T.Integer()) })
    const gateway = defineGateway({
      backends: {},
      routes: r => [
        r.get('/', {
          in: { headers },
          out: T.Object({ key: T.String(), count: T.Optional(T.String()) }),
          run: ({ headers: given }) => {
            const key: string = given['x-key']
            // @ts-expect-error -- it may be missing
            const count: string = given['x-count']
            return { key, count }
          },
        }),
      ],
    })
    await using t = await testGateway(gateway)
    await t
      .get('/', { headers: { 'X-Key': 'k', 'X-Count': '7' } })
      .expect(200)
      .json({ key: 'k', count: '7' })
    await t.get('/', { headers: { 'X-Key': 'k', 'X-Count': 'x' } }).expect(400)
    await t.get('/').expect(400)
  })

  for (const [what, options, status] of [
    ['a body', { body: { item: 'tea' } }, 201],
    ['a body of another shape', { body: { item: 7 } }, 400],
    ['another type', { body: 1, headers: { 'content-type': 'text/plain' } }, 415],
    ['too much of it', { body: { item: 'x'.repeat(1024 * 1024) } }, 413],
    ['none', {}, 400],
  ] as const)
    test(`${what} is ${status}`, async () => {
      await using t = await storefrontUp()
      let sent: unknown
      t.users.stub('POST /users/{id}/orders', ({ body }) => {
        sent = body
        return { id: 'o2', total: 1 }
      })
      await t
        .post('/me/7/orders', {
          ...options,
          ...('body' in options &&
            typeof options.body === 'object' && { body: { ...options.body, admin: true } }),
        })
        .expect(status)
      // What the schema does not name goes nowhere.
      if (status === 201) assert.deepEqual(sent, { item: 'tea' })
    })

  test('another method is told which there are', async () => {
    await using t = await storefrontUp()
    await t.delete('/me/7/home').expect(405).header('allow', 'GET, HEAD')
    const res = await t.head('/me/7/home')
    assert.equal(res.expect(200).text, '')
  })
})

suite('filters', () => {
  const gateway = defineGateway({
    backends: { a: http({ url: 'http://a' }) },
    before: [
      ({ headers }) => {
        if (headers['x-key'] !== 'k') throw new Problem(401, 'No key')
      },
    ],
    after: [given => answer(given.body, { headers: { ...given.headers, 'x-by': 'gateway' } })],
    routes: r => [
      r.get('/', {
        out: T.Object({ n: T.Integer() }),
        before: [asked => (asked.headers['x-cached'] === undefined ? undefined : answer({ n: 0 }))],
        after: [
          given => answer(given.body, { headers: { ...given.headers, 'X-By': 'route', 'x-route': '1' } }),
        ],
        run: () => answer({ n: 1, secret: 2 }, { headers: { ETag: '"1"' } }),
      }),
    ],
  })

  test('before: fail, answer, or go on; after: the route’s, then the gateway’s', async () => {
    await using t = await testGateway(gateway)
    await t.get('/').expect(401)
    await t
      .get('/', { headers: { 'X-Key': 'k', 'X-Cached': '1' } })
      .expect(200)
      .json({ n: 0 })
    await t
      .get('/', { headers: { 'X-Key': 'k' } })
      .json({ n: 1 })
      .header('x-by', 'gateway')
      .header('x-route', '1')
      .header('etag', '"1"')
  })
})

suite('what goes out', () => {
  for (const headers of [
    { location: '/a\r\nset-cookie: x=1' },
    { 'a b': 'c' },
    { name: 'Ж' },
    { 'Content-Length': '3' },
    { 'transfer-encoding': 'chunked' },
    { connection: 'close' },
    { 'x-tier': undefined as unknown as string },
    { 'set-cookie': null as unknown as string },
    { 'x-tier': { toString: () => 'gold' } as unknown as string },
  ])
    for (const [what, run, after = []] of [
      ['an answer', () => answer(null, { headers: { ...headers } })],
      [
        'a problem',
        () => {
          throw new Problem(409, 'Taken', { headers: { ...headers } })
        },
      ],
      // Who writes fields of an answer anew writes them as they like.
      [
        'a filter',
        () => null,
        [(given: Answer<unknown>) => ({ body: given.body, status: given.status, headers: { ...headers } })],
      ],
    ] as const)
      test(`a field of ${what} that cannot be one is a mistake: ${JSON.stringify(headers)}`, async () => {
        const gateway = defineGateway({
          backends: {},
          after: [...after],
          routes: r => [r.get('/', { out: T.Null(), run })],
        })
        await using t = await testGateway(gateway)
        const res = await t.get('/')
        res.expect(500).problem({ title: 'The composition failed' })
        for (const name of Object.keys(headers)) res.header(name, undefined)
        assert.match(String(res.mistakes[0]), /is no field of an answer/)
      })

  test('a problem that cannot be written is a mistake', async () => {
    await using t = await testGateway(
      one(() => {
        throw new Problem(409, 'Taken', { members: { by: 7n } })
      }),
    )
    const res = await t.get('/')
    res.expect(500)
    assert.equal(res.mistakes.length, 1)
  })

  test('what does not fit the schema is 502, and where is reported', async () => {
    await using t = await storefrontUp()
    t.users.stub('GET /users/{id}', { id: '7', tier: 'gold' } as unknown as typeof ada)
    const res = await t.get('/me/7/home')
    res.expect(502)
    assert.match(
      String(res.mistakes[0]),
      /GET \/me\/\{id\}\/home answers what its schema does not allow: answer .*name/,
    )
  })
})

suite('repeating', () => {
  test('a safe call, as often as is declared', async () => {
    await using t = await storefrontUp()
    t.users.fail('GET /users/{id}', { status: 503, times: 1 })
    t.users.fail('GET /users/{id}', { reset: true, times: 1 })
    await t.get('/me/7/home').expect(200).partial([])
    t.trace.expectAttempts('users GET /users/{id}', 3)
  })

  test('never an unsafe one without an idempotency key', async () => {
    const contract = http({ url: 'http://a', retry: { attempts: 3 } })
    const gateway = defineGateway({
      backends: { a: contract },
      routes: r => [
        r.get('/{key}', {
          out: T.Integer(),
          run: async ({ c, params }) =>
            (await c.a.post('/', params.key === 'none' ? {} : { idempotencyKey: params.key })).status,
        }),
      ],
    })
    await using t = await testGateway(gateway)
    t.a.stub('POST /', ({ headers }) => reply(200, headers['idempotency-key'] ?? null))
    t.a.fail('POST /', { status: 503, times: 2 })
    await t.get('/none').json(503)
    await t.get('/k1').json(200)
    t.trace.expectAttempts('a POST /', 2)
  })

  test('not where there is no time left, and not beyond the budget', async () => {
    await using t = await testGateway(storefront)
    t.users.fail('GET /users/{id}', { status: 503, headers: { 'retry-after': '2' } })
    t.users.stub('GET /users/{id}/orders', [])
    await t.get('/me/7/home').expect(503)
    t.trace.expectAttempts('users GET /users/{id}', 1)
    t.users.fail('GET /users/{id}', { status: 503 })
    let attempts = 0
    for (let i = 0; i < 20; i++) {
      const { trace } = await t.get('/me/7/home').expect(503)
      attempts += trace.calls.find(({ call }) => call === 'users GET /users/{id}')!.attempts
    }
    // Ten of ten seconds, where few requests are made.
    assert.equal(attempts, 30)
  })
})
