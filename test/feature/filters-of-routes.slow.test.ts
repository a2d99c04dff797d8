// Filters of the user's own (kind: Filter): what they change, answer and refuse, and that nothing passes one that fails.
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { FilteredGateway, type Seen } from '../support/filtered-gateway.ts'

const tenant = `
import { Type as T } from 'typebox'
import { answer, defineFilter, fail, Problem } from 'portcullis/composition'

export const filter = defineFilter({
  config: T.Object({ header: T.String(), version: T.String({ default: 'first' }) }),
  requestBody: 'held',
  responseBody: 'held',
  limitBytes: 1000,
  request(r) {
    switch (r.path) {
      case '/problem': throw new Problem(403, 'No such tenant', { reason: 'tenant_unknown' })
      case '/fail': return fail('http_request_denied', { detail: 'by name' })
      case '/answer': return answer({ by: 'filter' }, { status: 201, headers: { 'x-by': 'filter' } })
      case '/text': return answer('plain')
      case '/throw': throw new Error('a mistake')
      case '/late': return new Promise(() => {})
      case '/path': r.path = '/other/%41'; r.query = '?a=1'; break
      case '/crlf': r.headers.set('x-bad', 'a\\r\\nx-smuggled: 1'); break
      case '/length': r.headers.set('content-length', '3'); break
      case '/blank': r.path = '/a b HTTP/1.1'; break
      case '/nothing': return 'what' as never
      case '/exit': process.exit(3)
    }
    r.headers.delete('x-client')
    r.headers.set(r.config.header, r.host.split(':')[0]!)
    if (r.body.bytes.length > 0) r.body.replace(r.body.text().toUpperCase())
    r.state = { path: r.path, version: r.config.version }
  },
  response(r) {
    if (r.headers.get('x-answer') === 'throw') throw new Error('a mistake')
    if (r.request.path === '/response/throw') throw new Error('a mistake')
    if (r.request.path === '/response/answer') return answer({ in: 'place' }, { status: 202 })
    if (r.request.path === '/response/status') r.status = 206
    r.headers.set('x-state', JSON.stringify(r.state))
    r.headers.set('x-failure', String(r.failure))
    if (r.request.path !== '/response/body') return
    const { url = null } = r.body.bytes.length === 0 ? {} : JSON.parse(r.body.text())
    r.body.replace({ was: url })
  },
})
`

const spec = '{ bundle: ./tenant.filter.ts, config: { header: x-tenant }, timeout: 2s }'

suite('a filter of a route', () => {
  test('changes, answers and refuses, and lets nothing pass where it fails', async () => {
    await using gateway = await FilteredGateway.start(
      { filters: ['tenant'], specs: { tenant: spec } },
      { 'tenant.filter.ts': tenant },
    )
    const init = { method: 'POST', body: 'hello', headers: { 'x-client': 'mine', 'x-tenant': 'forged' } }
    const seen = await gateway.seen('/items?b=2', init)
    assert.deepEqual([seen.method, seen.url, seen.body], ['POST', '/items?b=2', 'HELLO'])
    assert.equal(seen.headers['x-tenant'], '127.0.0.1')
    assert.equal(seen.headers['content-length'], '5')
    assert.equal(seen.headers['x-client'], undefined)
    assert.equal((await gateway.seen('/path')).url, '/other/A?a=1')

    const given = await gateway.send('/items')
    assert.deepEqual(JSON.parse(given.headers.get('x-state')!), { path: '/items', version: 'first' })
    assert.equal(given.headers.get('x-failure'), 'null')
    assert.equal(given.headers.get('etag'), '"1"')
    const changed = await gateway.send('/response/body')
    assert.deepEqual(await changed.json(), { was: '/response/body' })
    assert.equal(changed.headers.get('etag'), null)
    const whole = await gateway.send('/response/status')
    assert.equal(whole.status, 206)
    await whole.text()

    // What has no bytes is shown as an empty body, and has none of the filter's where it cannot have one.
    for (const [method, query, status, text] of [
      ['HEAD', '', 200, ''],
      ['GET', '?answer=204', 204, ''],
      ['GET', '?answer=205', 205, ''],
      ['GET', '?answer=304', 304, ''],
      ['GET', '?answer=200', 200, '{"was":null}'],
      ['GET', '?answer=404', 404, '{"was":null}'],
    ] as const) {
      const none = await gateway.send(`/response/body${query}`, { method })
      assert.deepEqual([none.status, await none.text()], [status, text], `${method} ${query}`)
      assert.ok(none.headers.get('x-state')?.includes('/response/body'))
      if (method === 'HEAD')
        assert.deepEqual([none.headers.get('etag'), none.headers.get('content-length')], [null, null])
    }

    await gateway.refused('/problem', 403, 'tenant_unknown')
    await gateway.refused('/fail', 403, 'http_request_denied')
    const own = await gateway.send('/answer')
    assert.deepEqual(
      [own.status, own.headers.get('x-by'), await own.json()],
      [201, 'filter', { by: 'filter' }],
    )
    const text = await gateway.send('/text')
    assert.deepEqual(
      [text.headers.get('content-type'), await text.text()],
      ['text/plain; charset=utf-8', 'plain'],
    )
    const instead = await gateway.send('/response/answer')
    assert.deepEqual([instead.status, await instead.json()], [202, { in: 'place' }])

    const before = gateway.count
    for (const path of ['/throw', '/late', '/crlf', '/length', '/blank', '/nothing', '/exit'])
      await gateway.refused(path, 503, 'filter_unavailable')
    assert.equal(gateway.count, before)
    await gateway.run.event('composition.thread_ended')
    await gateway.untilServed('/items')
    await gateway.refused('/response/throw', 503, 'filter_unavailable')
    const long = await gateway.send('/items', { method: 'POST', body: 'x'.repeat(1001) })
    assert.equal(long.status, 413)
    await long.text()
  })
})

/** Says of each request and answer that it has passed. */
const marking = (name: string): string => `
import { defineFilter } from 'portcullis/composition'
export default defineFilter({
  request(r) { r.headers.set('x-order', [r.headers.get('x-order') ?? '', '${name}'].join(' ').trim()) },
  response(r) { r.headers.set('x-back', [r.headers.get('x-back') ?? '', '${name}'].join(' ').trim()) },
})
`

/** Lets pass who names a tenant, and tells the backend of it. */
const guard = `
import { defineFilter, Problem } from 'portcullis/composition'
export const filter = defineFilter({
  request(r) {
    const tenant = r.headers.get('x-key')
    if (tenant === null) throw new Problem(401, 'No key')
    r.headers.set('x-tenant', tenant)
  },
  response(r) { r.headers.set('x-guarded', 'yes') },
})
`

const caching = `---
apiVersion: portcullis.dev/v1alpha1
kind: TrafficPolicy
metadata: { name: kept }
spec:
  targetRefs: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, name: all }]
  cache: {}
`

suite('filters of a route', () => {
  test('run in the order of the list, among those of the standard, and answers meet them in reverse', async () => {
    await using gateway = await FilteredGateway.start(
      {
        filters: [
          '{ type: RequestHeaderModifier, requestHeaderModifier: { set: [{ name: x-order, value: first }] } }',
          'a',
          'b',
        ],
        specs: { a: '{ bundle: ./a.ts }', b: '{ bundle: ./b.ts }' },
      },
      { 'a.ts': marking('a'), 'b.ts': marking('b') },
    )
    const response = await gateway.send('/items')
    const { headers } = (await response.json()) as Seen
    assert.equal(headers['x-order'], 'first a b')
    assert.equal(response.headers.get('x-back'), 'b a')
  })

  test('are passed by what is stored each time it is given, and nobody has what was told of another', async () => {
    await using gateway = await FilteredGateway.start(
      { filters: ['guard'], specs: { guard: '{ bundle: ./guard.ts }' }, more: caching },
      { 'guard.ts': guard },
    )
    const of = async (key: string): Promise<string | undefined> => {
      const response = await gateway.send('/kept', { headers: { 'x-key': key } })
      assert.equal(response.headers.get('x-guarded'), 'yes')
      return ((await response.json()) as Seen).headers['x-tenant']
    }
    assert.equal(await of('ada'), 'ada')
    assert.equal(await of('bob'), 'bob')
    const { count } = gateway
    assert.deepEqual([await of('ada'), await of('bob')], ['ada', 'bob'])
    assert.equal(gateway.count, count)
    const refused = await gateway.send('/kept')
    assert.deepEqual([refused.status, refused.headers.get('x-guarded')], [401, null])
    await refused.text()
  })

  test('are taken over by new code without a request that fails', async () => {
    await using gateway = await FilteredGateway.start(
      { filters: ['a'], specs: { a: '{ bundle: ./a.ts }' } },
      { 'a.ts': marking('first') },
    )
    const seen = new Set<string>()
    let isOver = false
    const load = Array.from({ length: 8 }, async () => {
      while (!isOver) {
        const response = await gateway.send('/items')
        const text = await response.text()
        assert.equal(response.status, 200, text)
        seen.add((JSON.parse(text) as Seen).headers['x-order'] ?? '')
      }
    })
    gateway.folder.write('a.ts', marking('second'))
    await gateway.run.event('composition.serving', line => Number((line['threads'] as number[])[0]) > 3)
    while (!seen.has('second')) await new Promise(resolve => setTimeout(resolve, 20))
    gateway.folder.write('a.ts', 'export const = 1')
    const { fault } = await gateway.run.event('composition.refused')
    assert.match(String(fault), /a\.ts:1:14: /)
    isOver = true
    await Promise.all(load)
    assert.deepEqual([...seen], ['first', 'second'])
    const problems = await (await gateway.run.get('/v1/problems')).text()
    assert.match(problems, /BundleInvalid.*a\.ts:1:14: .*what it was before serves on/s)
  })
})
