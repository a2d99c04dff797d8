import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Type as T } from 'typebox'
import { answer, defineGateway, http, Problem, websocket } from '../composition.ts'
import { reply, testGateway, type StubRequest } from '../testing.ts'

const gateway = defineGateway({
  backends: {
    old: http({ url: 'http://old/base', headers: { 'x-from': 'gateway' } }),
    trusted: http({ url: 'http://trusted', relay: ['authorization'] }),
    sockets: websocket({ url: 'ws://sockets' }),
  },
  routes: r => [
    r.get('/old/new', { out: T.String(), run: () => 'composed' }),
    r.proxy('/old/{rest=**}', 'old', {
      rewrite: '/v1/{rest=**}',
      before: [
        ({ headers }) => {
          if (headers['x-stop'] !== undefined) throw new Problem(403, 'Stopped')
        },
      ],
    }),
    r.proxy('/raw/{rest=**}', 'old'),
    r.proxy('/trusted/{id}', 'trusted', { timeoutMs: 500 }),
    r.proxy('/sockets/{rest=**}', 'sockets', { rewrite: '/{rest=**}' }),
  ],
})

suite('a route that passes requests on', () => {
  for (const path of [
    '/raw/%2e%2e/admin',
    '/raw/x%2f..%2fadmin',
    '/raw/..;x/admin',
    '/raw/x%5c..%5cadmin',
    '/raw/%zz',
  ])
    test(`does not pass ${path} out of the path of its backend`, async () => {
      await using t = await testGateway(gateway)
      t.old.stub('GET /raw/{rest=**}', 'reached')
      await t.get('/raw/a..b/.c').expect(200)
      await t.get(path).expect(400)
      await t.get(path.replace('/raw', '/old')).expect(400)
    })

  test('has any method, path, query, fields and bodies pass', async () => {
    await using t = await testGateway(gateway)
    const seen: StubRequest[] = []
    for (const method of ['GET', 'PUT', 'OPTIONS'])
      t.old.stub(`${method} /v1/{name}`, request => {
        seen.push(request)
        return reply(207, 'as it is', {
          'content-type': 'text/plain',
          'x-more': '1',
          connection: 'x-hop',
          'x-hop': '1',
        })
      })
    const headers = { 'x-one': '1', authorization: 'Bearer secret', cookie: 'a=b', 'keep-alive': '1' }
    const res = await t.get('/old/a%20b?x=1&x=2', { headers })
    res.expect(207).header('content-type', 'text/plain').header('x-more', '1').header('x-hop', undefined)
    assert.equal(res.text, 'as it is')
    await t.put('/old/a', { body: { a: 1 } }).expect(207)
    assert.deepEqual(
      seen.map(({ method, target, body }) => [method, target, body]),
      [
        ['GET', '/base/v1/a%20b?x=1&x=2', undefined],
        ['PUT', '/base/v1/a', { a: 1 }],
      ],
    )
    const { 'x-one': one, 'x-from': from, authorization, cookie, 'keep-alive': kept } = seen[0]!.headers
    assert.deepEqual(
      [one, from, authorization, cookie, kept],
      ['1', 'gateway', undefined, undefined, undefined],
    )
  })

  test('gives credentials to whom they are relayed', async () => {
    await using t = await testGateway(gateway)
    t.trusted.stub('GET /trusted/{id}', ({ headers }) => headers['authorization'] ?? 'none')
    await t
      .get('/trusted/7', { headers: { authorization: 'Bearer a' } })
      .expect(200)
      .json('Bearer a')
  })

  test('passes several cookies that are set, and lets nobody else set two by one', async () => {
    const cookies = 'a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT\nb=2'
    await using t = await testGateway(
      defineGateway({
        backends: { old: http({ url: 'http://old' }) },
        routes: r => [
          r.proxy('/old', 'old', {}),
          r.proxy('/more', 'old', {
            rewrite: '/old',
            after: [given => answer(given.body, { headers: { 'set-cookie': 'theme=dark\nsession=evil' } })],
          }),
          r.get('/theme', {
            in: { query: T.Object({ theme: T.String() }) },
            out: T.Null(),
            run: ({ query }) => answer(null, { headers: { 'set-cookie': `theme=${query.theme}` } }),
          }),
        ],
      }),
    )
    t.old.stub('GET /old', reply(200, 'a', { 'set-cookie': cookies }))
    await t.get('/old').expect(200).header('set-cookie', cookies)
    await t.get('/more').expect(500)
    await t.get('/theme?theme=dark').expect(200).header('set-cookie', 'theme=dark')
    await t.get('/theme?theme=dark%0Asession=evil').expect(500)
  })

  test('leaves routes beside it alone, and has filters', async () => {
    await using t = await testGateway(gateway)
    await t.get('/old/new').expect(200).json('composed')
    await t.get('/old/x', { headers: { 'x-stop': '1' } }).expect(403)
  })

  for (const path of ['/old/..', '/old/a/%2e%2e/b', '/old/..%2f..%2fadmin'])
    test(`lets no path lead out: ${path}`, async () => {
      await using t = await testGateway(gateway)
      await t.get(path).expect(400)
    })

  test('fails as calls do, and in time', async () => {
    await using t = await testGateway(gateway)
    t.old.fail('GET /v1/{name}', { reset: true })
    await t.get('/old/a').expect(502)
    t.trusted.fail('GET /trusted/{id}', {})
    await t.get('/trusted/7').expect(504)
    assert.equal(t.clock.now(), 500)
  })

  test('passes what streams as it comes, and lets go of it with its client', async () => {
    await using t = await testGateway(gateway)
    let ended = false
    t.old.events('/v1/{name}', async function* ({ pause }) {
      try {
        for (let i = 0; ; i++) {
          yield i
          await pause(1_000)
        }
      } finally {
        ended = true
      }
    })
    const s = t.stream('/old/events')
    assert.deepEqual(await s.data(3), [0, 1, 2])
    s.leave()
    await assert.rejects(s.next(), /client_gone/)
    // The stub's generator ends when its pause does.
    await t.get('/old/new')
    t.old.stub('GET /v1/{name}', 1, { afterMs: 2_000 })
    await t.get('/old/later')
    assert.equal(ended, true)
  })

  test('passes WebSockets', async () => {
    await using t = await testGateway(gateway)
    t.sockets.accept('/echo', async ({ socket }) => {
      for await (const message of socket) await socket.send(message)
    })
    await using s = t.socket('/sockets/echo')
    await s.send({ a: 1 })
    assert.deepEqual(await s.receive(), { a: 1 })
    await s.close(4002, 'bye')
    assert.equal((await s.closed()).code, 4002)
  })

  test('is refused where its backend speaks something else, or its rewrite has other names', () => {
    const define = (backend: string, rewrite: string) =>
      defineGateway({
        backends: { a: http({ url: 'http://a' }) },
        routes: r => [r.proxy('/x/{id}', backend as 'a', { rewrite })],
      })
    assert.throws(() => define('b', '/'), /"b" is no backend/)
    assert.throws(() => define('a', '/{name}'), /"name", which is not in the path/)
  })
})
