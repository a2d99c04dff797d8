import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seenBy, send } from '../support/client.ts'
import { startGateway } from '../support/gateway.ts'
import { RawClient } from '../support/raw.ts'
import { backend, gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { TestUpstream } from '../support/upstream.ts'

const onRequest = (requestHeaderModifier: object) => ({
  type: 'RequestHeaderModifier',
  requestHeaderModifier,
})
const onResponse = (responseHeaderModifier: object) => ({
  type: 'ResponseHeaderModifier',
  responseHeaderModifier,
})
const field = (name: string, value: string) => ({ name, value })

const modifier = {
  set: [field('X-Set', 'new')],
  add: [field('X-Add', 'more')],
  remove: ['X-Remove', 'x-gone'],
}

/** Name of a field sent, its values; and those that come out at the other side of `modifier`. */
const rows = [
  ['x-set', [], ['new']],
  ['X-SET', ['old'], ['new']],
  ['x-set', ['old', 'older'], ['new']],
  ['x-add', [], ['more']],
  ['x-add', ['some'], ['some', 'more']],
  ['x-remove', ['a', 'b'], []],
  ['X-Gone', ['a'], []],
  ['x-other', ['a', 'b'], ['a', 'b']],
] as const

for (const place of ['rule', 'backend'] as const) {
  const ruleWith = (filter: object) =>
    place === 'rule'
      ? { filters: [filter], backendRefs: [to('up')] }
      : { backendRefs: [to('up', { filters: [filter] })] }

  test(`request headers are set, added and removed by a ${place}`, async () => {
    await using upstream = await TestUpstream.start()
    await using portcullis = await startGateway(
      yamlOf(
        gateway(),
        httpRoute('r', { rules: [ruleWith(onRequest(modifier))] }),
        backend('up', [upstream.port]),
      ),
    )
    for (const [name, values, expected] of rows) {
      await using client = await RawClient.to(portcullis.port())
      client.write(`GET / HTTP/1.1\r\nHost: a\r\n${values.map(v => `${name}: ${v}\r\n`).join('')}\r\n`)
      const body = (await client.until(/\}$/)).split('\r\n\r\n')[1] ?? ''
      const answer = { status: 200, headers: {}, distinct: {}, body }
      assert.deepEqual(seenBy(answer, name), expected, `${name}: ${values.join(', ')}`)
    }
  })

  test(`response headers are set, added and removed by a ${place}`, async () => {
    await using upstream = await TestUpstream.start((request, response) => {
      const [name = '', ...values] = JSON.parse(String(request.headers['x-answer'])) as string[]
      if (values.length > 0) response.setHeader(name, values)
      response.end()
    })
    await using portcullis = await startGateway(
      yamlOf(
        gateway(),
        httpRoute('r', { rules: [ruleWith(onResponse(modifier))] }),
        backend('up', [upstream.port]),
      ),
    )
    for (const [name, values, expected] of rows) {
      const headers = { 'X-Answer': JSON.stringify([name, ...values]) }
      const { distinct } = await send(portcullis.port(), { headers })
      assert.deepEqual(distinct[name.toLowerCase()] ?? [], expected, `${name}: ${values.join(', ')}`)
    }
  })
}

test('rule and backend both modify, the backend last on the way in and first on the way out', async () => {
  await using upstream = await TestUpstream.start((request, response) => {
    response.setHeader('X-Seen', String(request.headers['x-way']))
    response.setHeader('X-Way', 'upstream')
    response.end()
  })
  const filters = (who: string) => [
    onRequest({ add: [field('X-Way', who)] }),
    onResponse({ add: [field('X-Way', who)] }),
  ]
  await using portcullis = await startGateway(
    yamlOf(
      gateway(),
      httpRoute('r', {
        rules: [{ filters: filters('rule'), backendRefs: [to('up', { filters: filters('backend') })] }],
      }),
      backend('up', [upstream.port]),
    ),
  )
  const { headers, distinct } = await send(portcullis.port(), { headers: { 'X-Way': 'client' } })
  assert.equal(headers['x-seen'], 'client, rule, backend')
  assert.deepEqual(distinct['x-way'], ['upstream', 'backend', 'rule'])
})

test('only the chosen backend modifies', async () => {
  await using upstream = await TestUpstream.start()
  const filters = [onRequest({ set: [field('X-Which', 'never')] })]
  await using portcullis = await startGateway(
    yamlOf(
      gateway(),
      httpRoute('r', { rules: [{ backendRefs: [to('up'), to('up', { weight: 0, filters })] }] }),
      backend('up', [upstream.port]),
    ),
  )
  for (let i = 0; i < 10; i++) assert.deepEqual(seenBy(await send(portcullis.port()), 'x-which'), [])
})

test('Host is replaced, never doubled, and X-Forwarded-Host tells the old one', async () => {
  await using upstream = await TestUpstream.start()
  const filter = onRequest({ set: [field('Host', 'inner.example:81')] })
  await using portcullis = await startGateway(
    yamlOf(
      gateway(),
      httpRoute('r', { rules: [{ filters: [filter], backendRefs: [to('up')] }] }),
      backend('up', [upstream.port]),
    ),
  )
  const answer = await send(portcullis.port(), { host: 'outer.example' })
  assert.deepEqual(seenBy(answer, 'host'), ['inner.example:81'])
  assert.deepEqual(seenBy(answer, 'x-forwarded-host'), ['outer.example'])
})

test('fields that the gateway adds itself can be taken out and replaced', async () => {
  await using upstream = await TestUpstream.start()
  const filter = onRequest({
    remove: ['X-Forwarded-For', 'Via', 'X-Request-Id'],
    set: [field('X-Forwarded-Proto', 'https')],
  })
  await using portcullis = await startGateway(
    yamlOf(
      gateway(),
      httpRoute('r', { rules: [{ filters: [filter], backendRefs: [to('up')] }] }),
      backend('up', [upstream.port]),
    ),
  )
  const answer = await send(portcullis.port())
  assert.deepEqual(seenBy(answer, 'x-forwarded-for'), [])
  assert.deepEqual(seenBy(answer, 'via'), [])
  assert.deepEqual(seenBy(answer, 'x-request-id'), [])
  assert.deepEqual(seenBy(answer, 'x-forwarded-proto'), ['https'])
})

for (const [what, filter] of [
  ['Content-Length', onRequest({ set: [field('Content-Length', '5')] })],
  ['Transfer-Encoding', onResponse({ add: [field('Transfer-Encoding', 'chunked')] })],
  ['Connection', onRequest({ remove: ['Connection'] })],
  ['Host twice', onRequest({ add: [field('Host', 'other.example')] })],
  ['Host away', onRequest({ remove: ['Host'] })],
] as const)
  test(`a rule that would modify ${what} is not served, and its neighbours are`, async () => {
    await using upstream = await TestUpstream.start()
    await using portcullis = await startGateway(
      yamlOf(
        gateway(),
        httpRoute('r', {
          rules: [
            { matches: [prefix('/bad')], filters: [filter], backendRefs: [to('up')] },
            { matches: [prefix('/good')], backendRefs: [to('up')] },
          ],
        }),
        backend('up', [upstream.port]),
      ),
    )
    assert.equal((await send(portcullis.port(), { path: '/bad' })).status, 404)
    assert.equal((await send(portcullis.port(), { path: '/good' })).status, 200)
  })

test('the response of a failure is modified like any other', async () => {
  await using portcullis = await startGateway(
    yamlOf(
      gateway(),
      httpRoute('r', { rules: [{ filters: [onResponse(modifier)], backendRefs: [to('nobody')] }] }),
    ),
  )
  const { status, headers } = await send(portcullis.port())
  assert.deepEqual([status, headers['x-set'], headers['x-add']], [500, 'new', 'more'])
})
