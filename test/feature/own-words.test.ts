import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { AuthService } from '../support/auth-service.ts'
import { echoOf, seenBy, send } from '../support/client.ts'
import { startGateway } from '../support/gateway.ts'
import { startGrpc } from '../support/grpc-gateway.ts'
import { externalAuthPolicy, plain } from '../support/policies.ts'
import { RawClient } from '../support/raw.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { Seen } from '../support/until.ts'
import { TestUpstream } from '../support/upstream.ts'
import { wireClient } from '../support/wire-client.ts'
import { WireServer } from '../support/wire-server.ts'
import { combinations, portFor, speaksHttp2, startBetween } from '../support/wires.ts'

// X-Portcullis-*, by which backends are told who asks. A client that could say so itself would be whoever it likes.

const lies: Readonly<Record<string, string>> = {
  'X-Portcullis-Principal': 'key:root',
  'x-portcullis-plan': 'gold',
  'X-PORTCULLIS-IDENTITY': 'e30.e30.',
  'X-Portcullis-Anything': 'x',
  'X-Portcullis-': 'x',
}
/** Begin alike, and are anybody's. */
const others = { 'X-Portcullis': 'a', 'X-Portcullish': 'b', 'X-Port': 'c' }

const lower = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))

/** Names that begin as the gateway's own do, in lower case; "_" and "-" are one to many backends. */
const own = (names: readonly string[]): string[] =>
  names.map(name => name.toLowerCase()).filter(name => /^x[-_]portcullis[-_]/.test(name))

for (const [client, upstream] of combinations)
  suite(`${client} to ${upstream}`, () => {
    for (const trustedHops of [0, 1])
      test(`${trustedHops === 0 ? 'a client may not' : 'a trusted hop may'} say who asks`, async () => {
        const seen = new Seen<{ readonly head: readonly string[]; readonly trailers: readonly string[] }>()
        await using server = await WireServer.start(upstream, (request, response) => {
          request.resume()
          request.on('end', () => {
            seen.push({ head: Object.keys(request.headers), trailers: request.rawTrailers })
            response.end('x')
          })
        })
        await using running = await startBetween(upstream, server.port, { client: { trustedHops } })
        await using peer = wireClient(client, portFor(client, running))
        const chunked = speaksHttp2(client) ? {} : { 'transfer-encoding': 'chunked' }
        const headers = lower({ ...lies, ...others, ...chunked })
        const trailers = { 'x-portcullis-plan': 'gold', 'x-sum': '1' }
        assert.equal((await peer.send({ method: 'POST', headers, body: 'x', trailers })).status, 200)
        const [{ head, trailers: after }] = seen.all as [(typeof seen.all)[0]]
        assert.deepEqual(own(head).sort(), trustedHops === 0 ? [] : Object.keys(lower(lies)).sort())
        for (const name of Object.keys(others))
          assert.ok(
            head.some(one => one.toLowerCase() === name.toLowerCase()),
            name,
          )
        // Not even a hop's: who takes trailers for headers has none of our checks.
        assert.deepEqual(own(after), [])
        assert.ok(after.some(one => one.toLowerCase() === 'x-sum'))
      })
  })

suite('who asks, said by a client', () => {
  for (const [underscores, status, rule] of [
    ['reject', 400, 'field-underscore'],
    ['drop', 200, ''],
    ['allow', 400, 'field-underscore-alias'],
  ] as const)
    for (const name of ['X_Portcullis_Principal', 'x-portcullis_plan', 'X_PORTCULLIS-SCOPES'])
      test(`as ${name}, where underscores are for "${underscores}", gets ${status}`, async () => {
        await using upstream = await TestUpstream.start()
        await using running = await startGateway(
          plain(upstream.port, { client: { headers: { underscores } } }),
        )
        const answer = await send(running.port(), { headers: { [name]: 'x' } })
        assert.equal(answer.status, status)
        if (rule !== '') assert.match(answer.body, new RegExp(rule))
        else assert.deepEqual(own(echoOf(answer).headers.flat()), [])
      })

  test('is not passed on by gRPC-Web', async () => {
    const seen = new Seen<readonly string[]>()
    await using server = await WireServer.start('h2c', (request, response) => {
      seen.push(Object.keys(request.headers))
      response.writeHead(200, { 'content-type': 'application/grpc', 'grpc-status': '0' })
      response.end()
    })
    await using running = await startGrpc(server.port)
    const headers = { ...lies, 'Content-Type': 'application/grpc-web+proto', 'X-Other': 'x' }
    const asked = { method: 'POST', path: '/test.Echo/Unary', headers, body: '\0\0\0\0\0' }
    assert.equal((await send(running.port(), asked)).status, 200)
    assert.deepEqual(own(seen.all[0]!), [])
    assert.ok(seen.all[0]!.includes('x-other'))
  })

  test('is not taken out by Connection, nor left by it', async () => {
    await using upstream = await TestUpstream.start()
    await using running = await startGateway(plain(upstream.port))
    const text = await RawClient.exchange(
      running.port(),
      'GET / HTTP/1.1\r\nHost: a\r\nX-Portcullis-Plan: gold\r\nConnection: close, X-Portcullis-Plan\r\n\r\n',
    )
    assert.match(text, /^HTTP\/1\.1 400 /)
  })

  test('reaches neither mirrors nor an authorization service, which cannot say it either', async () => {
    await using upstream = await TestUpstream.start()
    const copies = new Seen<readonly string[]>()
    await using mirror = await TestUpstream.start((request, response) => {
      copies.push(request.rawHeaders)
      response.end()
    })
    await using service = await AuthService.start((_, response) =>
      response.writeHead(200, { 'X-Portcullis-Plan': 'gold', 'X-User': 'ada' }).end(),
    )
    const mirrored = { type: 'RequestMirror', requestMirror: { backendRef: to('mirror') } }
    await using running = await startGateway(
      yamlOf(
        gateway(),
        httpRoute('r', { rules: [{ filters: [mirrored], backendRefs: [to('up')] }] }),
        backend('up', [upstream.port]),
        backend('mirror', [mirror.port]),
        backend('auth', [service.port]),
        externalAuthPolicy({
          http: {
            allowedHeaders: ['X-Portcullis-Plan', 'X-Other'],
            allowedResponseHeaders: ['X-User'],
          },
        }),
      ),
    )
    const answer = await send(running.port(), { headers: { ...lies, 'X-Other': 'x' } })
    assert.equal(answer.status, 200)
    assert.deepEqual(seenBy(answer, 'x-user'), ['ada'])
    for (const name of Object.keys(lies)) assert.deepEqual(seenBy(answer, name.toLowerCase()), [], name)
    await copies.count(1)
    for (const raw of [copies.all[0]!, service.asked[0]!.raw]) assert.deepEqual(own(raw), [])
    assert.equal(service.asked[0]!.headers['x-other'], 'x')
  })
})
