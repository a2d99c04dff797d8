import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Type as T } from 'typebox'
import { ada, one, storefrontUp, type Http } from '../../../test/support/engine-gateways.ts'
import { CallFailure, defineGateway, http, Problem, rest, soft } from '../composition.ts'
import { reply, testGateway } from '../testing.ts'

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
