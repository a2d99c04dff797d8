import assert from 'node:assert/strict'
import { test } from 'node:test'
import { echoOf, seenBy, send } from '../support/client.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { backend, exact, gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { TestUpstream } from '../support/upstream.ts'

function rewrites(port: number, urlRewrite: object, match: object, place: 'rule' | 'backend' = 'rule') {
  const filters = [{ type: 'URLRewrite', urlRewrite }]
  const rule =
    place === 'rule'
      ? { matches: [match], filters, backendRefs: [to('up')] }
      : { matches: [match], backendRefs: [to('up', { filters })] }
  return startGateway(yamlOf(gateway(), httpRoute('r', { rules: [rule] }), backend('up', [port])))
}

const full = (replaceFullPath: string) => ({ path: { type: 'ReplaceFullPath', replaceFullPath } })
const part = (replacePrefixMatch: string) => ({ path: { type: 'ReplacePrefixMatch', replacePrefixMatch } })

async function urlOf(portcullis: TestGateway, path: string): Promise<string> {
  return echoOf(await send(portcullis.port(), { path })).url
}

// The table of HTTPPathModifier.replacePrefixMatch in the standard, and beyond.
for (const [path, match, value, seen] of [
  ['/foo/bar', '/foo', '/xyz', '/xyz/bar'],
  ['/foo/bar', '/foo', '/xyz/', '/xyz/bar'],
  ['/foo/bar', '/foo/', '/xyz', '/xyz/bar'],
  ['/foo/bar', '/foo/', '/xyz/', '/xyz/bar'],
  ['/foo', '/foo', '/xyz', '/xyz'],
  ['/foo/', '/foo', '/xyz', '/xyz/'],
  ['/foo/bar', '/foo', '', '/bar'],
  ['/foo/', '/foo', '', '/'],
  ['/foo', '/foo', '', '/'],
  ['/foo/', '/foo', '/', '/'],
  ['/foo', '/foo', '/', '/'],
  ['/bar', '/', '/xyz', '/xyz/bar'],
  ['/foo?a=/foo', '/foo', '/xyz', '/xyz?a=/foo'],
  ['/foo/a%2Fb/%7e', '/foo', '/x%2fyz', '/x%2Fyz/a%2Fb/~'],
  ['/foo//bar', '/foo', '/xyz', '/xyz//bar'],
  ['/x/../foo/bar', '/foo', '/xyz', '/xyz/bar'],
] as const)
  test(`${path} with prefix ${match} replaced by ${JSON.stringify(value)} is ${seen}`, async () => {
    await using upstream = await TestUpstream.start()
    await using portcullis = await rewrites(upstream.port, part(value), prefix(match))
    assert.equal(await urlOf(portcullis, path), seen)
  })

test('the whole path is replaced, and the query kept', async () => {
  await using upstream = await TestUpstream.start()
  await using portcullis = await rewrites(upstream.port, full('/one'), prefix('/foo'))
  assert.equal(await urlOf(portcullis, '/foo/bar?x=1&y'), '/one?x=1&y')
})

test('the host is replaced, and X-Forwarded-Host tells the old one', async () => {
  await using upstream = await TestUpstream.start()
  await using portcullis = await rewrites(upstream.port, { hostname: 'inner.example' }, prefix('/'))
  const answer = await send(portcullis.port(), { host: 'outer.example:81', path: '/x' })
  assert.deepEqual(seenBy(answer, 'host'), ['inner.example'])
  assert.deepEqual(seenBy(answer, 'x-forwarded-host'), ['outer.example:81'])
  assert.equal(echoOf(answer).url, '/x')
})

test('a backend rewrites too', async () => {
  await using upstream = await TestUpstream.start()
  const both = { hostname: 'inner.example', ...part('/v2') }
  await using portcullis = await rewrites(upstream.port, both, prefix('/api'), 'backend')
  const answer = await send(portcullis.port(), { path: '/api/items' })
  assert.deepEqual([echoOf(answer).url, ...seenBy(answer, 'host')], ['/v2/items', 'inner.example'])
})

test('routing and the access log keep to the path that the client named', async () => {
  await using upstream = await TestUpstream.start()
  await using portcullis = await rewrites(upstream.port, full('/inner'), exact('/outer'))
  await urlOf(portcullis, '/outer?x=1')
  const line = await portcullis.line(() => true)
  assert.deepEqual([line['url.path'], line['url.query']], ['/outer', 'x=1'])
})

// Whoever may write routes may not write requests: a blank or a line break would end the request line.
for (const value of [
  '/a b',
  '/a\r\nX-Injected: 1',
  '/a HTTP/1.1\r\nHost: b\r\n\r\nGET /c',
  '/a?b',
  '/a#b',
  '/a%zz',
])
  for (const rewrite of [full(value), part(value)])
    test(`a rule that would write ${JSON.stringify(rewrite.path)} is not served`, async () => {
      await using upstream = await TestUpstream.start()
      await using portcullis = await rewrites(upstream.port, rewrite, prefix('/foo'))
      assert.equal((await send(portcullis.port(), { path: '/foo' })).status, 404)
      assert.equal(upstream.connections, 0)
    })
