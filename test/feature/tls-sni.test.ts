import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Authority, tlsSecret } from '../support/certificates.ts'
import { startGateway, type AccessLine } from '../support/gateway.ts'
import { backend, gateway, httpRoute, tagged, yamlOf } from '../support/resources.ts'
import { ask, askOnce, failureOf, httpsListener, secure } from '../support/tls.ts'
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

/** Each row: a gateway, a server name, and how the handshake ends. */
for (const [what, started, serverName, expected] of [
  ['an unknown name', strict, 'unknown.example', /UNRECOGNIZED_NAME/],
  ['the parent of a wildcard', strict, 'wildcard.example', /UNRECOGNIZED_NAME/],
  ['no name', strict, '', /UNRECOGNIZED_NAME/],
  ['no name, where a listener takes any', both, '', /none/],
  ['a name whose certificate is broken', both, 'broken.example', /HANDSHAKE_FAILURE/],
] as const)
  test(`the handshake for ${what} ends with ${String(expected)}`, async () => {
    const options = { ...trust, servername: serverName, checkServerIdentity: () => undefined }
    assert.match(await failureOf(started.port(443), 'first.example', options), expected)
  })
