import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { echoOf, ruleOf, send } from '../support/client.ts'
import { startGateway } from '../support/gateway.ts'
import { messages, status } from '../support/messages.ts'
import { clientPolicy, plain } from '../support/policies.ts'
import { ok, RawUpstream } from '../support/raw-upstream.ts'
import { RawClient } from '../support/raw.ts'
import { backend, exact, gateway, httpRoute, prefix, tagged, yamlOf } from '../support/resources.ts'
import { TestUpstream } from '../support/upstream.ts'
import { wireClient } from '../support/wire-client.ts'
import { WireServer } from '../support/wire-server.ts'
import { combinations, portFor, startBetween } from '../support/wires.ts'

/** Targets as browsers make them, and as they are sent on. */
const browsers = [
  ['/?ids=1|2', '/?ids=1%7C2'],
  ['/?filter={a}', '/?filter=%7Ba%7D'],
  ['/?q=a^b', '/?q=a%5Eb'],
  ['/?q=`x`', '/?q=%60x%60'],
  ['/?q=a\\b', '/?q=a%5Cb'],
  ['/?discount=50%', '/?discount=50%25'],
  ['/?q=%u20AC&r=%7c', '/?q=%25u20AC&r=%7c'],
  ['/a|b', '/a%7Cb'],
  ['/a[0]', '/a%5B0%5D'],
] as const

for (const [client, upstream] of combinations.filter(([one, other]) => one !== 'h2' && other !== 'h2'))
  test(`what WHATWG's URL leaves in a target, from ${client} to ${upstream}`, async () => {
    await using server = await WireServer.start(upstream, (request, response) => response.end(request.url))
    await using running = await startBetween(upstream, server.port)
    await using peer = wireClient(client, portFor(client, running))
    for (const [target, seen] of browsers) {
      const url = new URL(target, 'http://a.example')
      assert.equal(url.pathname + url.search, target, 'is what a browser sends')
      const { status: code, body } = await peer.send({ path: target })
      assert.deepEqual([code, String(body)], [200, seen])
      const [path = '', query = ''] = seen.split('?')
      const line = await running.line(one => one['url.path'] === path && (one['url.query'] ?? '') === query)
      assert.equal(line['http.response.status_code'], 200)
    }
  })

suite('ClientPolicy paths.illegal', () => {
  for (const [illegal, target, seen] of [
    ['keep', '/?a=1|2&b=50%&c=%7c', '/?a=1|2&b=50%&c=%7c'],
    ['keep', '/a|b?|', '/a%7Cb?|'],
    ['encode', '/?%7c%5c%5b[]', '/?%7c%5c%5b[]'],
    ['reject', '/?%7c%5c%5b[]', '/?%7c%5c%5b[]'],
    ['reject', '/?a=1|2', 400],
    ['reject', '/?50%', 400],
    ['reject', '/a|b', 400],
  ] as const)
    test(`${illegal}: ${target} is ${seen}`, async () => {
      await using upstream = await RawUpstream.answering(({ start }) => ok(start))
      await using running = await startGateway(plain(upstream.port, { client: { paths: { illegal } } }))
      await using client = await RawClient.to(running.port())
      client.write(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`)
      const [answer] = messages(await client.until(text => messages(text).length === 1))
      if (seen !== 400) return assert.equal(answer!.body, `GET ${seen} HTTP/1.1`)
      assert.equal(status(answer!), 400)
      assert.match(answer!.body, /ClientPolicy spec\.paths\.illegal/)
    })
})

test('matches compare what was meant, however it was written', async () => {
  const query = (name: string, value: string) => ({
    matches: [{ queryParams: [{ name, value }] }],
  })
  await using upstream = await TestUpstream.start()
  for (const illegal of ['encode', 'keep'] as const) {
    await using running = await startGateway(
      yamlOf(
        gateway(),
        clientPolicy({ paths: { illegal } }),
        httpRoute('r', {
          rules: [
            { ...tagged('ids'), ...query('ids', '1|2') },
            { ...tagged('off'), ...query('o|f', '50%') },
            tagged('bar', exact('/a%7cb')),
            tagged('key', prefix('/k%5C')),
            tagged('else', prefix('/')),
          ],
        }),
        backend('up', [upstream.port]),
      ),
    )
    for (const [path, rule] of [
      ['/?ids=1|2', 'ids'],
      ['/?ids=1%7c2', 'ids'],
      ['/?o|f=50%', 'off'],
      ['/?o%7cf=50%25', 'off'],
      ['/?ids=1', 'else'],
      ['/a|b', 'bar'],
      ['/a%7cb', 'bar'],
      ['/k%5c/x', 'key'],
      ['/k%5Cx', 'else'],
    ] as const)
      assert.equal(ruleOf(await send(running.port(), { path })), rule, `${path} ${illegal}`)
  }
})

suite('an encoded slash or backslash', () => {
  for (const [setting, path, seen] of [
    ['keep', '/bucket/dir%5Cfile%5c1', '/bucket/dir%5Cfile%5C1'],
    ['keep', '/bucket/a%2fb%5Cc', '/bucket/a%2Fb%5Cc'],
    ['keep', '/bucket//a', '/bucket//a'],
    ['reject', '/bucket/a%5Cb', 400],
    ['reject', '/bucket/a%2Fb', 400],
    ['unescape', '/bucket/a%5Cb%2Fc', '/bucket/a%5Cb/c'],
    ['keep', '/bucket/..%5Cb', 400],
    ['unescape', '/bucket/..%5Cb', 400],
    ['unescape', '/bucket/a%2F..%2Fb', 400],
    ['keep', '/bucket/a%2F%2e', 400],
    ['keep', '/bucket/a\\b', 400],
  ] as const)
    test(`${setting}: ${path} is ${seen}`, async () => {
      await using upstream = await TestUpstream.start()
      await using running = await startGateway(
        plain(upstream.port, { client: { paths: { encodedSlash: setting } } }),
      )
      const answer = await send(running.port(), { path })
      if (seen === 400) return assert.equal(answer.status, 400)
      assert.equal(echoOf(answer).url, seen)
      const line = await running.line(() => true)
      assert.equal(line['url.path'], seen)
    })
})

test('a Host with an empty port is the same without it, to everybody behind', async () => {
  await using upstream = await TestUpstream.start()
  await using running = await startGateway(
    yamlOf(
      gateway(),
      httpRoute('r', { hostnames: ['a.example'], rules: [tagged('a', prefix('/'))] }),
      backend('up', [upstream.port]),
    ),
  )
  const answer = await send(running.port(), { host: 'a.example:' })
  assert.equal(ruleOf(answer), 'a')
  const fields = new Map(echoOf(answer).headers.map(([name, value]) => [name.toLowerCase(), value]))
  assert.deepEqual(
    ['host', 'x-forwarded-host', 'x-forwarded-port'].map(name => fields.get(name)),
    ['a.example', 'a.example', '80'],
  )
})
