import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Type as T } from 'typebox'
import { answer, defineFilter, fail, http, Problem } from '../composition.ts'
import { reply, testFilter } from '../testing.ts'

const tenant = defineFilter({
  config: T.Object({ header: T.String({ default: 'x-tenant' }) }),
  backends: { tenants: http({ url: 'http://tenants' }) },
  async request(r) {
    const name = r.host.split('.')[0]!
    if (name === 'www') throw new Problem(404, 'No such tenant')
    if (name === 'slow') await new Promise(() => undefined)
    if (name === 'none') return fail('http_request_denied', { headers: { 'x-why': 'none' } })
    if (name === 'own') return answer({ by: 'filter' }, { status: 201 })
    if (name === 'bad') r.headers.set('x-bad', 'a\r\nb: c')
    const { status } = await r.c.tenants.get('/tenants/{name}', { path: { name } })
    r.headers.set(r.config.header, `${name} ${status}`)
    r.path = '/of%41'
    r.state = { name }
    return undefined
  },
  response(r) {
    r.headers.delete('server')
    r.headers.set('x-of', JSON.stringify(r.state))
    r.headers.set('x-failure', String(r.failure))
    if (r.headers.has('x-none')) r.status = 204
  },
})

suite('a test of a filter', () => {
  test('has what passes it, and the answer to that', async () => {
    await using t = await testFilter(tenant)
    t.tenants.stub('GET /tenants/{name}', reply(200))
    const passed = await t.get('/items?b=2', { host: 'ada.shop.example', headers: { 'X-A': '1' } }).passes()
    passed.header('x-tenant', 'ada 200').header('x-a', '1')
    assert.deepEqual([passed.path, passed.query, passed.state], ['/ofA', '?b=2', { name: 'ada' }])
    t.trace.expectCalls('tenants GET /tenants/{name}')
    const answered = await passed.respond(200, { items: [] }, { server: 'x' }).expect(200).json({ items: [] })
    answered.header('server', undefined).header('x-of', '{"name":"ada"}').header('x-failure', 'null')
    await passed
      .respond(502, '', {}, { failure: 'connection_refused' })
      .expect(502)
      .header('x-failure', 'connection_refused')
    await passed.respond(200, 'x', { 'x-none': '1' }).expect(503).problem({ reason: 'filter_unavailable' })
  })

  for (const [host, status, members] of [
    ['www', 404, { title: 'No such tenant' }],
    ['none', 403, { reason: 'http_request_denied' }],
    // By the virtual clock.
    ['slow', 503, { reason: 'filter_unavailable' }],
    ['bad', 503, { reason: 'filter_unavailable' }],
  ] as const)
    test(`has what is answered in its place: ${host}`, async () => {
      await using t = await testFilter(tenant, { timeoutMs: 10_000 })
      await t.get('/', { host }).expect(status).problem(members)
    })

  test('fails where it goes on and is not to, and the other way round', async () => {
    await using t = await testFilter(tenant)
    t.tenants.stub('GET /tenants/{name}', reply(200))
    await assert.rejects(async () => await t.get('/', { host: 'ada' }).expect(200), /has passed the filter/)
    await assert.rejects(
      async () => await t.get('/', { host: 'own' }).passes(),
      /has not passed the filter: 201\n\{"by":"filter"\}/,
    )
    await assert.rejects(async () => {
      await using other = await testFilter(tenant)
      other.get('/', { host: 'www' }).expect(404)
    }, /1 requests of the test were not awaited/)
  })

  test('is held to the schema of its config, also when it is compiled', async () => {
    await using t = await testFilter(tenant, { config: { header: 'x-other' } })
    t.tenants.stub('GET /tenants/{name}', reply(204))
    ;(await t.get('/', { host: 'ada' }).passes()).header('x-other', 'ada 204')
    // @ts-expect-error -- it is no text
    await assert.rejects(testFilter(tenant, { config: { header: 7 } }), /config\.header: must be string/)
    // @ts-expect-error -- there is no such member
    await testFilter(tenant, { config: { headr: 'x' } })
    // @ts-expect-error -- it has no such backend
    assert.equal(t.others, undefined)
  })
})

suite('a test of a filter that is given bodies', () => {
  const held = defineFilter({
    requestBody: 'held',
    responseBody: 'held',
    limitBytes: 10,
    request: r => r.body.replace(r.body.text().toUpperCase()),
    response: r => r.body.replace({ was: r.body.text() }),
  })

  test('has them held', async () => {
    await using t = await testFilter(held)
    const passed = await t.post('/', { pieces: ['ab', 'cd'] }).passes()
    assert.equal(passed.text, 'ABCD')
    await passed.respond(200, 'x', { etag: '"1"' }).json({ was: 'x' }).header('etag', undefined)
    await passed.respond(304, undefined, { etag: '"1"' }).expect(304).header('etag', undefined)
    await t.post('/', { body: 'x'.repeat(11) }).expect(413)
    await passed.respond(200, 'x'.repeat(11)).expect(502)
  })

  const streamed = defineFilter({
    requestBody: 'stream',
    responseBody: 'stream',
    request(r) {
      r.body.through(async function* (pieces) {
        for await (const piece of pieces) yield Buffer.from(piece).toString().toUpperCase()
      })
    },
    response(r) {
      r.body.through(async function* (pieces) {
        for await (const piece of pieces) {
          if (piece.length === 0) throw new Error('empty')
          yield piece
          await new Promise(resolve => setImmediate(resolve))
        }
      })
    },
  })

  test('has them pass, piece by piece', async () => {
    await using t = await testFilter(streamed)
    const passed = await t.post('/', { pieces: ['ab', 'cd'] }).passes()
    assert.deepEqual(
      passed.pieces.map(String),
      ['AB', 'CD'].map(piece => String(Buffer.from(piece))),
    )
    assert.equal((await passed.respond(200, 'x')).text, 'x')
    assert.equal((await t.get('/').passes()).text, '')
    const broken = passed.respond(200, undefined, {}, { pieces: ['a', ''] })
    await assert.rejects(async () => await broken, /the body was broken off: Error: empty/)
  })
})
