import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Type as T } from 'typebox'
import { ada, one, storefrontUp } from '../../../test/support/engine-gateways.ts'
import { answer, defineGateway, http, Problem } from '../composition.ts'
import type { Answer } from '../routes/answer.ts'
import { reply, testGateway } from '../testing.ts'

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
