import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Type as T } from 'typebox'
import { storefront } from '../../../test/support/storefront.ts'
import { defineGateway, http, soft } from '../composition.ts'
import { reply, testGateway } from '../testing.ts'

const gateway = defineGateway({
  backends: { a: http({ url: 'http://a/base' }) },
  routes: r => [
    r.get('/', {
      out: T.Unknown(),
      run: async ({ c }) =>
        await soft(
          c.a.get('/x/7', { query: { y: 1 } }).then(x => x.json()),
          null,
        ),
    }),
    r.get('/slow', {
      out: T.Null(),
      async run() {
        await new Promise(resolve => setTimeout(resolve, 1))
        return null
      },
    }),
  ],
})

suite('a test of a composition', () => {
  test('fails where a call has no stub, also one that may fail', async () => {
    await using t = await testGateway(gateway)
    t.a.stub('GET /other', 1)
    await assert.rejects(async () => await t.get('/'), /no stub for a GET \/x\/7; there are: a GET \/other/)
  })

  test('fails where nobody looks at a request', async () => {
    await assert.rejects(async () => {
      await using t = await testGateway(gateway)
      t.a.stub('GET /x/{id}', 1)
      t.get('/').expect(500)
    }, /1 requests of the test were not awaited/)
  })

  test('fails at the line that expects what is not so, with the answer and its calls', async () => {
    await using t = await testGateway(gateway)
    t.a.fail('GET /x/{id}', { reset: true })
    const asked = async () => {
      await t.get('/').expect(404)
    }
    await assert.rejects(asked, (error: Error) => {
      assert.match(
        error.message,
        /expected 404, got 200\nnull\n {2}a GET \/x\/7 {2}0–0 ms {2}connection_terminated/,
      )
      assert.match(error.stack ?? '', /^[^]*?at asked \(.*kit\.test\.ts/)
      return true
    })
  })

  for (const [what, check, said] of [
    [
      'parallel',
      (t: Up) => t.trace.expectParallel('users GET /users/{id}', 'shop GET /tiers/{name}/book'),
      /expected at once/,
    ],
    [
      'one after another',
      (t: Up) => t.trace.expectSequence('users GET /users/{id}', 'users GET /users/{id}/orders'),
      /expected one after another/,
    ],
    ['called', (t: Up) => t.trace.expectOutcome('users DELETE /users/{id}', 'ok'), /was not called/],
    ['all there are', (t: Up) => t.trace.expectCalls('users GET /users/{id}'), /shop GET/],
    ['outcomes', (t: Up) => t.trace.expectOutcome('users GET /users/{id}', 'cancelled'), /ok/],
    ['attempts', (t: Up) => t.trace.expectAttempts('users GET /users/{id}', 2), /users GET/],
  ] as const)
    test(`fails where calls were not as is expected: ${what}`, async () => {
      await using t = await up()
      await t.get('/me/7/home').expect(200)
      assert.throws(() => check(t), said)
    })

  test('has stubs by templates and the path that was called, the last first, each for as long as it is for', async () => {
    await using t = await testGateway(gateway)
    t.a.stub('GET /x/{id}', ({ path, query, target }) => [path['id'], query.get('y'), target])
    t.a.stub('GET /x/7', 'once', { times: 1 })
    await t.get('/').json('once')
    await t.get('/').json(['7', '1', '/base/x/7?y=1'])
  })

  test('has a clock for what is no call', async () => {
    await using t = await testGateway(gateway, { clock: 'real' })
    await t.get('/slow').expect(200).json(null)
  })

  test('has several requests at once', async () => {
    await using t = await up()
    const answers = await Promise.all([t.get('/me/1/home'), t.get('/me/2/home'), t.get('/me/3/home')])
    for (const { status, trace } of answers) {
      assert.equal(status, 200)
      assert.equal(trace.calls.length, 3)
    }
    assert.equal(t.clock.now(), 100)
  })

  const contract = {
    openapi: '3.1.0',
    paths: {
      '/x/{id}': {
        get: {
          responses: {
            200: { $ref: '#/components/responses/X' },
            '4XX': {
              content: { 'application/problem+json': { schema: { type: 'object', required: ['title'] } } },
            },
            503: {},
          },
        },
      },
    },
    components: {
      responses: {
        X: {
          content: {
            'application/json': { schema: { type: 'array', items: { $ref: '#/components/schemas/Id' } } },
          },
        },
      },
      schemas: { Id: { type: 'string', pattern: '^[a-z]$' } },
    },
  }

  for (const [what, given, said] of [
    ['an answer as it is there', ['a'], null],
    ['another error that is there', reply(404, { title: 'x' }), null],
    ['an answer without a body', reply(503), null],
    ['an answer of another form', ['A'], /another answer 200 to GET \/x\/\{id\}: \/0 must match pattern/],
    [
      'an error of another form',
      reply(404, {}),
      /another answer 404 .*: it must have required property 'title'/,
    ],
    ['a status that is not there', reply(500, {}), /the contract has no answer 500 to GET \/x\/\{id\}/],
  ] as const)
    test(`${said === null ? 'takes' : 'fails by'} a stub of a contract: ${what}`, async () => {
      await using t = await testGateway(gateway, { contracts: { a: contract } })
      t.a.stub('GET /x/{id}', given)
      const asked = async () => await t.get('/')
      if (said === null) await asked()
      else await assert.rejects(asked, said)
    })

  test('cannot have a backend of a name that it has itself', async () => {
    for (const name of ['get', 'trace', 'then', 'clock'])
      await assert.rejects(
        () =>
          testGateway(defineGateway({ backends: { [name]: http({ url: 'http://a' }) }, routes: () => [] })),
        new RegExp(`cannot be called "${name}"`),
      )
  })
})

type Up = Awaited<ReturnType<typeof up>>

async function up() {
  const t = await testGateway(storefront)
  t.users.stub('GET /users/{id}', ({ path }) => ({ id: path['id'] ?? '', name: 'Ada', tier: 'gold' }), {
    afterMs: 50,
  })
  t.users.stub('GET /users/{id}/orders', [], { afterMs: 20 })
  t.shop.stub('GET /tiers/{name}/book', { title: 'x', price: 1 }, { afterMs: 50 })
  return t
}
