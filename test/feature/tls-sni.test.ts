import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type SecureClientSessionOptions } from 'node:http2'
import { after, test } from 'node:test'
import { Authority, tlsSecret } from '../support/certificates.ts'
import { startGateway, type AccessLine } from '../support/gateway.ts'
import { backend, gateway, httpRoute, tagged, yamlOf } from '../support/resources.ts'
import { RawClient } from '../support/raw.ts'
import { ask, askOnce, clientHello, failureOf, httpsListener, secure } from '../support/tls.ts'
import { TestUpstream } from '../support/upstream.ts'

const authority = await Authority.make()
const upstream = await TestUpstream.start()
const wide = await authority.issue({
  names: [
    '*.wildcard.example',
    'first.example',
    'second.example',
    'unknown.example',
    'deep.a.wildcard.example',
  ],
})

function routeOf(section: string, hostnames?: readonly string[]): object {
  return httpRoute(`of-${section}`, {
    parentRefs: [{ name: 'gw', sectionName: section }],
    ...(hostnames === undefined ? {} : { hostnames }),
    rules: [tagged(section)],
  })
}

const secrets = [tlsSecret('wide', wide), tlsSecret('broken', { ...wide, key: 'no key' })]

/** As the conformance suite's Gateway same-namespace-with-https-listener, and a listener whose certificate is broken. */
const everything = yamlOf(
  gateway([
    httpsListener('any', ['wide']),
    httpsListener('second', ['wide'], { hostname: 'second.example' }),
    httpsListener('wildcard', ['wide'], { hostname: '*.wildcard.example' }),
    httpsListener('fourth', ['wide'], { hostname: 'fourth.wildcard.example' }),
    httpsListener('refusing', ['broken'], { hostname: 'broken.example' }),
  ]),
  ...secrets,
  routeOf('any', ['example.example', 'first.example']),
  routeOf('second'),
  routeOf('wildcard'),
  routeOf('fourth'),
  backend('up', [upstream.port]),
)

const named = yamlOf(
  gateway([
    httpsListener('second', ['wide'], { hostname: 'second.example' }),
    httpsListener('wildcard', ['wide'], { hostname: '*.wildcard.example' }),
  ]),
  ...secrets,
  routeOf('second'),
  routeOf('wildcard'),
  backend('up', [upstream.port]),
)

const both = await startGateway(everything)
const strict = await startGateway(named)
after(async () => {
  await both[Symbol.asyncDispose]()
  await strict[Symbol.asyncDispose]()
  await upstream[Symbol.asyncDispose]()
})

const trust = { ca: authority.root }

/** Each row: the server name of the handshake, the Host of the request, and the rule that it meets or the status it gets. */
for (const [serverName, host, expected] of [
  ['first.example', 'first.example', 'any'],
  ['first.example', 'second.example', 421],
  ['first.example', 'unknown.example', 404],
  ['second.example', 'second.example', 'second'],
  ['SECOND.example', 'second.EXAMPLE', 'second'],
  ['second.example', 'first.example', 421],
  ['second.example', 'unknown.example', 421],
  ['third.wildcard.example', 'third.wildcard.example', 'wildcard'],
  ['third.wildcard.example', 'fifth.wildcard.example', 'wildcard'],
  ['third.wildcard.example', 'fourth.wildcard.example', 421],
  ['third.wildcard.example', 'second.example', 421],
  ['deep.a.wildcard.example', 'deep.a.wildcard.example', 'wildcard'],
  ['fourth.wildcard.example', 'fourth.wildcard.example', 'fourth'],
  ['fourth.wildcard.example', 'fifth.wildcard.example', 421],
  ['unknown.example', 'first.example', 'any'],
  ['unknown.example', 'unknown.example', 404],
  ['first.example', 'broken.example', 421],
] as const)
  test(`a connection for ${serverName}, a request for ${host}: ${expected}`, async () => {
    const answer = await askOnce(both.port(443), host, { ...trust, servername: serverName })
    if (typeof expected === 'number') return assert.equal(answer.status, expected)
    assert.equal(answer.status, 200)
    assert.match(answer.body, new RegExp(`"X-Rule","${expected}"`, 'i'))
  })

test('a misdirected request costs its connection nothing', async () => {
  const socket = await secure(both.port(443), { ...trust, servername: 'second.example' })
  assert.equal((await ask(socket, 'first.example')).status, 421)
  assert.equal((await ask(socket, 'second.example')).status, 200)
  socket.destroy()
  const of = (listener: string) => (one: AccessLine) =>
    one['portcullis.failure'] === 'misdirected_request' && one['portcullis.listener'] === listener
  assert.equal((await both.line(of('default/gw/second')))['http.response.status_code'], 421)
})

// Gateway API, Listener.hostname: "If no other Listener matches the Host, the Gateway MUST return a 404."
for (const [serverName, host, expected] of [
  ['second.example', 'second.example', 200],
  ['second.example', 'SECOND.example.', 200],
  ['second.example', 'a.wildcard.example', 421],
  ['second.example', 'deep.a.wildcard.example:443', 421],
  ['second.example', 'wildcard.example', 404],
  ['second.example', 'first.example', 404],
  ['second.example', '127.0.0.1', 404],
  ['a.wildcard.example', 'b.wildcard.example', 200],
  ['a.wildcard.example', 'second.example', 421],
  ['a.wildcard.example', 'x.second.example', 404],
  ['a.wildcard.example', 'wildcard.example', 404],
] as const)
  test(`every listener has a hostname, a connection for ${serverName}, a request for ${host}: ${expected}`, async () => {
    const options = { ...trust, servername: serverName }
    assert.equal((await askOnce(strict.port(443), host, options)).status, expected)
    assert.equal(await http2Status(strict.port(443), host, options), expected)
  })

/** Of one request over HTTP/2 for this host, whatever the name in the handshake. */
async function http2Status(port: number, host: string, options: SecureClientSessionOptions): Promise<number> {
  const session = connect(`https://127.0.0.1:${port}`, options)
  const [headers] = (await once(session.request({ ':authority': host }), 'response')) as [
    { ':status': number },
  ]
  session.destroy()
  return headers[':status']
}

/** Each row: a gateway, a server name, how the connection ends, and what the log calls it. */
for (const [what, started, serverName, expected, rule] of [
  ['an unknown name', strict, 'unknown.example', /ECONNRESET/, 'tls_unrecognized_name'],
  ['the parent of a wildcard', strict, 'wildcard.example', /ECONNRESET/, 'tls_unrecognized_name'],
  ['no name', strict, '', /ECONNRESET/, 'tls_unrecognized_name'],
  ['no name, where a listener takes any', both, '', /none/, null],
  ['a name whose certificate is broken', both, 'broken.example', /ECONNRESET/, 'tls_listener_refuses'],
] as const)
  test(`the handshake for ${what} ends with ${String(expected)}`, async () => {
    const options = { ...trust, servername: serverName, checkServerIdentity: () => undefined }
    assert.match(await failureOf(started.port(443), 'first.example', options), expected)
    if (rule === null) return
    await started.line(line => line['portcullis.rejection'] === rule)
    assert.match(started.metrics(), new RegExp(`portcullis_rejections_total\\{rule="${rule}"\\} \\d`))
  })

// TLSRouteHostnameIntersection of the conformance suite takes the end of the connection, and no alert.
for (const [what, started, serverName] of [
  ['a name of no listener', strict, 'unknown.example'],
  ['a name whose certificate is broken', both, 'broken.example'],
] as const)
  test(`${what} is answered with not a byte`, async () => {
    await using client = await RawClient.to(started.port(443))
    client.write((await clientHello({ servername: serverName })).toString('latin1'))
    await client.closed()
    assert.equal(client.text, '')
  })
