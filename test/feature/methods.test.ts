import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { send } from '../support/client.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { messages, status, value } from '../support/messages.ts'
import { clientPolicy, plain } from '../support/policies.ts'
import { ok, RawUpstream } from '../support/raw-upstream.ts'
import { RawClient } from '../support/raw.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { wireClient } from '../support/wire-client.ts'
import { WireServer } from '../support/wire-server.ts'
import { portFor, startBetween, wires } from '../support/wires.ts'

/** Sends one request to a gateway; the answer, with what the upstream saw as its body. */
async function asked(running: TestGateway, method: string, fields = '') {
  await using client = await RawClient.to(running.port())
  client.write(`${method} / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`)
  return messages(await client.until(text => messages(text).length === 1))[0]!
}

const echoing = () => RawUpstream.answering(({ start }) => ok(start))

for (const wire of wires)
  test(`methods that nobody has registered pass (${wire})`, async () => {
    await using upstream = await echoing()
    await using running = await startBetween('h1', upstream.port)
    await using client = wireClient(wire, portFor(wire, running))
    for (const method of ['PAINT', 'PROPFIND', 'GETX', "!#$%&'*+-.^_`|~", 'A'.repeat(32)]) {
      const { status: code, body } = await client.send({ method, body: '' })
      assert.deepEqual([code, String(body)], [200, `${method} / HTTP/1.1`])
    }
    await using lengthy = wireClient(wire, portFor(wire, running))
    assert.equal((await lengthy.send({ method: 'A'.repeat(33), body: '' })).status, 501)
    await using tracing = wireClient(wire, portFor(wire, running))
    const { status: code, headers } = await tracing.send({ method: 'TRACE', body: '' })
    assert.deepEqual([code, headers['allow']], [405, 'GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS'])
    assert.equal(upstream.requests.length, 5)
  })

test('they pass to a backend of HTTP/2 too', async () => {
  await using server = await WireServer.start('h2c', (request, response) => response.end(request.method))
  await using running = await startBetween('h2c', server.port)
  for (const wire of ['h1', 'h2c'] as const) {
    await using client = wireClient(wire, portFor(wire, running))
    for (const method of ['PAINT', 'VERSION-CONTROL'])
      assert.equal(String((await client.send({ method, body: '' })).body), method)
  }
})

test('a method has a case, and one of a registered one in another case is refused', async () => {
  await using upstream = await echoing()
  await using running = await startBetween('h1', upstream.port)
  // node:http writes all methods in upper case.
  await using client = wireClient('h2c', portFor('h2c', running))
  assert.equal((await asked(running, 'paint')).body, 'paint / HTTP/1.1')
  assert.equal(String((await client.send({ method: 'paint', body: '' })).body), 'paint / HTTP/1.1')
  for (const method of ['delete', 'Propfind', 'pATCH', 'connect']) {
    assert.match((await asked(running, method)).body, /"reason":"method-unknown"/)
    const { status: code, body } = await client.send({ method, body: '' })
    assert.equal(code, 501)
    assert.match(String(body), /"reason":"method-unknown"/)
  }
})

suite('ClientPolicy methods', () => {
  const only = (...methods: string[]) => ({ client: { methods } })

  test('takes those that it names, and says them', async () => {
    await using upstream = await echoing()
    await using running = await startGateway(plain(upstream.port, only('GET', 'TRACE', 'PAINT')))
    for (const method of ['GET', 'TRACE', 'PAINT']) {
      const answer = await asked(running, method)
      assert.deepEqual([status(answer), answer.body], [200, `${method} / HTTP/1.1`])
    }
    for (const method of ['POST', 'PUT', 'paint']) {
      const answer = await asked(running, method)
      assert.deepEqual([status(answer), value(answer, 'allow')], [405, 'GET, TRACE, PAINT'])
      const line = await running.line(one => one['http.response.status_code'] === 405)
      assert.equal(line['portcullis.failure'], 'http_method_not_allowed')
    }
    assert.match(running.metrics(), /portcullis_failures_total\{failure="http_method_not_allowed"\} 3\n/)
    assert.equal(upstream.requests.length, 3)
  })

  test('a 405 keeps the connection', async () => {
    await using upstream = await echoing()
    await using running = await startGateway(plain(upstream.port, only('GET')))
    await using client = await RawClient.to(running.port())
    client.write('PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nabGET / HTTP/1.1\r\nHost: a\r\n\r\n')
    const all = messages(await client.until(text => messages(text).length === 2))
    assert.deepEqual(all.map(status), [405, 200])
  })

  test('the methods of a reload hold for connections that are open', async () => {
    await using upstream = await echoing()
    await using running = await startGateway(plain(upstream.port))
    await using client = await RawClient.to(running.port())
    client.write('PUT / HTTP/1.1\r\nHost: a\r\n\r\n')
    await client.until(text => messages(text).length === 1)
    await running.reload(plain(upstream.port, only('GET')))
    client.write('PUT / HTTP/1.1\r\nHost: a\r\n\r\n')
    const all = messages(await client.until(text => messages(text).length === 2))
    assert.deepEqual(all.map(status), [200, 405])
  })
})

suite('a method of nobody', () => {
  test('meets the rules that ask for none, and no rule that asks for another', async () => {
    await using upstream = await RawUpstream.answering(({ fields }) =>
      ok(fields.find(([name]) => name === 'x-rule')?.[1] ?? ''),
    )
    const rule = (tag: string, method?: string) => ({
      ...(method === undefined ? {} : { matches: [{ method }] }),
      filters: [
        {
          type: 'RequestHeaderModifier',
          requestHeaderModifier: { set: [{ name: 'X-Rule', value: tag }] },
        },
      ],
      backendRefs: [to('up')],
    })
    await using running = await startGateway(
      yamlOf(
        gateway(),
        httpRoute('r', { rules: [rule('get', 'GET'), rule('delete', 'DELETE'), rule('any')] }),
        backend('up', [upstream.port]),
      ),
    )
    for (const [method, met] of [
      ['GET', 'get'],
      ['DELETE', 'delete'],
      ['GETX', 'any'],
      ['PAINT', 'any'],
    ] as const)
      assert.equal((await asked(running, method)).body, met)
  })

  test('is not repeated: nobody knows whether it may be', async () => {
    await using upstream = await RawUpstream.answering(
      (_request, _conversation, index) =>
        `HTTP/1.1 ${index === 0 ? '503 No' : '200 OK'}\r\nContent-Length: 0\r\n\r\n`,
    )
    await using running = await startGateway(
      plain(upstream.port, { rule: { retry: { codes: [503], attempts: 1 } } }),
    )
    assert.equal(status(await asked(running, 'PAINT')), 503)
    assert.equal(upstream.requests.length, 1)
  })

  test('is mirrored', async () => {
    await using upstream = await echoing()
    await using mirror = await echoing()
    const filters = [{ type: 'RequestMirror', requestMirror: { backendRef: to('copy') } }]
    await using running = await startGateway(
      yamlOf(
        gateway(),
        httpRoute('r', { rules: [{ filters, backendRefs: [to('up')] }] }),
        backend('up', [upstream.port]),
        backend('copy', [mirror.port]),
      ),
    )
    assert.equal((await asked(running, 'PAINT')).body, 'PAINT / HTTP/1.1')
    await mirror.until(({ requests }) => requests.length === 1)
    assert.equal(mirror.requests[0]!.start, 'PAINT / HTTP/1.1')
  })

  test('is asked for by a preflight as any other', async () => {
    await using upstream = await echoing()
    const filters = [{ type: 'CORS', cors: { allowOrigins: ['https://b.example'], allowMethods: ['*'] } }]
    await using running = await startGateway(plain(upstream.port, { rule: { filters } }))
    const answer = await send(running.port(), {
      method: 'OPTIONS',
      headers: { Origin: 'https://b.example', 'Access-Control-Request-Method': 'PAINT' },
    })
    assert.equal(answer.headers['access-control-allow-methods'], 'PAINT')
  })

  test('has one name for all in the log, and its own beside', async () => {
    await using upstream = await echoing()
    await using running = await startGateway(
      yamlOf(
        gateway(),
        clientPolicy({}),
        httpRoute('r', { rules: [{ backendRefs: [to('up')] }] }),
        backend('up', [upstream.port]),
      ),
    )
    await asked(running, 'PAINT')
    const line = await running.line(() => true)
    assert.deepEqual([line['http.request.method'], line['http.request.method_original']], ['_OTHER', 'PAINT'])
    await asked(running, 'PROPFIND')
    const known = await running.line(one => one['http.request.method'] === 'PROPFIND')
    assert.equal(known['http.request.method_original'], undefined)
    assert.doesNotMatch(running.metrics(), /PAINT|PROPFIND/)
  })
})
