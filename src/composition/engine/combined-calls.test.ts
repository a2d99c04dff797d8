import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Type as T } from 'typebox'
import { storefront } from '../../../test/support/storefront.ts'
import { ada, one, storefrontUp } from '../../../test/support/engine-gateways.ts'
import { all, any, defineGateway, http, Problem, race, soft } from '../composition.ts'
import { reply, testGateway } from '../testing.ts'

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
    for (let i = 0; i < 40; i++) {
      const { trace } = await t.get('/me/7/home').expect(503)
      attempts += trace.calls.find(({ call }) => call === 'users GET /users/{id}')!.attempts
    }
    // Twenty in a second, where few requests are made.
    assert.equal(attempts, 60)
  })
})
