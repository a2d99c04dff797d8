import assert from 'node:assert/strict'
import { test } from 'node:test'
import { send, type Answer, type Asked } from '../support/client.ts'
import { startGateway } from '../support/gateway.ts'
import { RawClient } from '../support/raw.ts'
import { gateway, httpRoute, prefix, yamlOf } from '../support/resources.ts'

function resources(redirect: object, match: object = prefix('/old')): string {
  const filter = { type: 'RequestRedirect', requestRedirect: redirect }
  return yamlOf(gateway(), httpRoute('r', { rules: [{ matches: [match], filters: [filter] }] }))
}

async function redirected(redirect: object, asked: Asked = {}): Promise<{ answer: Answer; port: number }> {
  await using portcullis = await startGateway(resources(redirect))
  const port = portcullis.port()
  return { answer: await send(port, { path: '/old/x?q=1', ...asked }), port }
}

for (const statusCode of [301, 302, 303, 307, 308])
  test(`status ${statusCode}`, async () => {
    const { answer } = await redirected(
      { statusCode, hostname: 'new.example' },
      { method: 'POST', body: 'x' },
    )
    assert.equal(answer.status, statusCode)
    assert.equal(answer.body, '')
    assert.equal(answer.headers['content-length'], '0')
  })

test('the status is 302 where none is given', async () => {
  assert.equal((await redirected({ hostname: 'new.example' })).answer.status, 302)
})

// HTTPRequestRedirectFilter.port: the scheme's own port where a scheme is given, else the listener's; a well-known one is not written.
for (const [redirect, location] of [
  [{}, 'http://a.example:PORT/old/x?q=1'],
  [{ hostname: 'new.example' }, 'http://new.example:PORT/old/x?q=1'],
  [{ scheme: 'https' }, 'https://a.example/old/x?q=1'],
  [{ scheme: 'http' }, 'http://a.example/old/x?q=1'],
  [{ scheme: 'https', port: 443 }, 'https://a.example/old/x?q=1'],
  [{ scheme: 'https', port: 8443 }, 'https://a.example:8443/old/x?q=1'],
  [{ scheme: 'http', port: 443 }, 'http://a.example:443/old/x?q=1'],
  [{ port: 80 }, 'http://a.example/old/x?q=1'],
  [{ port: 8080 }, 'http://a.example:8080/old/x?q=1'],
  [{ port: 80, path: { type: 'ReplaceFullPath', replaceFullPath: '/new' } }, 'http://a.example/new?q=1'],
  [
    { port: 80, path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/new' } },
    'http://a.example/new/x?q=1',
  ],
  [
    { port: 80, path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/new/' } },
    'http://a.example/new/x?q=1',
  ],
  [{ port: 80, path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/' } }, 'http://a.example/x?q=1'],
  [{ port: 80, path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '' } }, 'http://a.example/x?q=1'],
] as const)
  test(`${JSON.stringify(redirect)} leads to ${location}`, async () => {
    const { answer, port } = await redirected(redirect)
    assert.equal(answer.headers.location, location.replace('PORT', String(port)))
  })

for (const [path, location] of [
  ['/old', '/new'],
  ['/old/', '/new/'],
  ['/old/a%2Fb', '/new/a%2Fb'],
  ['/old?x', '/new?x'],
  ['/x/../old/y', '/new/y'],
] as const)
  test(`the prefix of ${path} is replaced: ${location}`, async () => {
    const redirect = { port: 80, path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/new' } }
    const { answer } = await redirected(redirect, { path })
    assert.equal(answer.headers.location, `http://a.example${location}`)
  })

// What a client put into the Location must not lead somewhere else than the route says.
for (const [path, location] of [
  ['//evil.example/x', 'http://a.example//evil.example/x'],
  ['/%0d%0aSet-Cookie:%20a=b', 'http://a.example/%0D%0ASet-Cookie:%20a=b'],
] as const)
  test(`${path} stays on the host`, async () => {
    await using portcullis = await startGateway(resources({ port: 80 }, prefix('/')))
    const answer = await send(portcullis.port(), { path })
    assert.equal(answer.headers.location, location)
    assert.equal(answer.headers['set-cookie'], undefined)
  })

test('an HTTP/1.0 request without Host is led to a path, on no other host', async () => {
  await using portcullis = await startGateway(resources({}, prefix('/')))
  const text = await RawClient.exchange(portcullis.port(), 'GET //evil.example HTTP/1.0\r\n\r\n')
  assert.match(text, /\r\nLocation: \/\.\/\/evil\.example\r\n/)
})

test('a connection is kept after a redirect, also when the request had a body', async () => {
  await using portcullis = await startGateway(resources({ hostname: 'new.example' }))
  await using client = await RawClient.to(portcullis.port())
  client.write(
    'POST /old HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcHEAD /old/2 HTTP/1.1\r\nHost: a\r\n\r\n',
  )
  const text = await client.until(/\/old\/2[^]*\r\n\r\n$/)
  assert.equal([...text.matchAll(/HTTP\/1\.1 302 Found\r\n/g)].length, 2)
  assert.doesNotMatch(text, /Connection: close/i)
})
