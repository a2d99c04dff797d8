import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { echoOf, send } from '../support/client.ts'
import { startGateway } from '../support/gateway.ts'
import { RawServer } from '../support/raw.ts'
import { backend, exact, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { ended, Seen } from '../support/until.ts'
import { readBody, TestUpstream } from '../support/upstream.ts'

interface Copy {
  readonly method: string
  readonly url: string
  readonly body: string
  readonly headers: Readonly<Record<string, unknown>>
}

/** A mirror's backend, and what it got. */
async function recorder(): Promise<{ upstream: TestUpstream; copies: Seen<Copy> }> {
  const copies = new Seen<Copy>()
  const upstream = await TestUpstream.start((request, response) => {
    void readBody(request).then(body => {
      const { method = '', url = '', headers } = request
      copies.push({ method, url, headers, body: body.toString('latin1') })
      response.statusCode = 503
      response.end('nobody reads this')
    })
  })
  return { upstream, copies }
}

const mirrorTo = (name: string, more: object = {}) => ({
  type: 'RequestMirror',
  requestMirror: { backendRef: to(name), ...more },
})

const routed = (filters: readonly object[], ...backends: readonly object[]) =>
  startGateway(
    yamlOf(gateway(), httpRoute('r', { rules: [{ filters, backendRefs: [to('up')] }] }), ...backends),
  )

for (const [what, asked] of [
  ['without a body', { path: '/x?q=1' }],
  ['with a small body', { method: 'POST', body: 'hello' }],
  ['with a body of 300 KB', { method: 'PUT', body: 'abc'.repeat(100_000) }],
  ['in chunks', { method: 'POST', body: 'abc', headers: { 'Transfer-Encoding': 'chunked' } }],
] as const)
  test(`a request ${what} reaches every mirror whole, and the answer is the upstream's`, async () => {
    await using upstream = await TestUpstream.start()
    const one = await recorder()
    const two = await recorder()
    await using first = one.upstream
    await using second = two.upstream
    await using portcullis = await routed(
      [mirrorTo('one'), mirrorTo('two')],
      backend('up', [upstream.port]),
      backend('one', [first.port]),
      backend('two', [second.port]),
    )
    const answer = await send(portcullis.port(), asked)
    assert.equal(answer.status, 200)
    const { method, url, body } = echoOf(answer)
    for (const { copies } of [one, two]) {
      const copy = await copies.first()
      assert.deepEqual([copy.method, copy.url, copy.body], [method, url, body])
      assert.equal(copy.headers['host'], 'a.example')
      assert.equal(copies.all.length, 1)
    }
  })

for (const [share, percentage] of [
  [0.3, { percent: 30 }],
  [0.125, { fraction: { numerator: 1, denominator: 8 } }],
  [0.5, { fraction: { numerator: 50 } }],
] as const)
  test(`a share of ${JSON.stringify(percentage)}`, async () => {
    const requests = 400
    await using upstream = await TestUpstream.start()
    const { upstream: mirror, copies } = await recorder()
    await using mirrored = mirror
    const rule = (filter: object, path: string) => ({
      matches: [exact(path)],
      filters: [filter],
      backendRefs: [to('up')],
    })
    await using portcullis = await startGateway(
      yamlOf(
        gateway(),
        httpRoute('r', { rules: [rule(mirrorTo('one', percentage), '/'), rule(mirrorTo('one'), '/last')] }),
        backend('up', [upstream.port]),
        backend('one', [mirrored.port]),
      ),
    )
    for (let i = 0; i < requests; i++) await send(portcullis.port())
    // Sent after all the others, so that those are there when it is.
    await send(portcullis.port(), { path: '/last' })
    await copies.first(({ url }) => url === '/last')
    // Six standard deviations: beyond them once in five hundred million runs.
    const tolerance = 6 * Math.sqrt(requests * share * (1 - share))
    const count = copies.all.length - 1
    assert.ok(Math.abs(count - requests * share) <= tolerance, `${count} of ${requests}`)
  })

test('a share of 0 gets nothing, and one of 100 all', async () => {
  await using upstream = await TestUpstream.start()
  const none = await recorder()
  const all = await recorder()
  await using first = none.upstream
  await using second = all.upstream
  await using portcullis = await routed(
    [mirrorTo('none', { percent: 0 }), mirrorTo('all', { percent: 100 })],
    backend('up', [upstream.port]),
    backend('none', [first.port]),
    backend('all', [second.port]),
  )
  for (let i = 0; i < 30; i++) await send(portcullis.port())
  await all.copies.count(30)
  assert.deepEqual([none.copies.all.length, all.copies.all.length], [0, 30])
})

test('a mirror that refuses connections or does not exist harms nobody', async () => {
  await using upstream = await TestUpstream.start()
  await using portcullis = await routed(
    [mirrorTo('refused'), mirrorTo('nobody')],
    backend('up', [upstream.port]),
    backend('refused', [1]),
  )
  for (let i = 0; i < 10; i++)
    assert.equal((await send(portcullis.port(), { method: 'POST', body: 'x' })).status, 200)
})

test('a mirror that reads nothing does not slow a large body down, and is given up', async () => {
  const sockets = new Seen<Socket>()
  await using stuck = await RawServer.start(socket => {
    socket.pause()
    sockets.push(socket)
  })
  await using upstream = await TestUpstream.start((request, response) => {
    void readBody(request).then(body => response.end(String(body.length)))
  })
  await using portcullis = await routed(
    [mirrorTo('stuck')],
    backend('up', [upstream.port]),
    backend('stuck', [stuck.port]),
  )
  const bytes = 32 * 1024 * 1024
  const answer = await send(portcullis.port(), { method: 'POST', body: 'a'.repeat(bytes) })
  assert.deepEqual([answer.status, answer.body], [200, String(bytes)])
  // Never a whole request for a backend that would believe it: the copy is broken off.
  const socket = await sockets.first()
  socket.resume()
  await ended(socket)
})

test('a mirror that never answers is given up after the timeout of backends', async () => {
  const sockets = new Seen<Socket>()
  await using silent = await RawServer.start(socket => {
    socket.resume()
    sockets.push(socket)
  })
  await using upstream = await TestUpstream.start()
  await using portcullis = await startGateway(
    yamlOf(
      gateway(),
      httpRoute('r', {
        rules: [
          {
            filters: [mirrorTo('silent')],
            backendRefs: [to('up')],
            timeouts: { backendRequest: '300ms' },
          },
        ],
      }),
      backend('up', [upstream.port]),
      backend('silent', [silent.port]),
    ),
  )
  assert.equal((await send(portcullis.port())).status, 200)
  const socket = await sockets.first()
  await ended(socket)
})

test('a protocol switch is not mirrored', async () => {
  await using upstream = await TestUpstream.start()
  const { upstream: mirror, copies } = await recorder()
  await using mirrored = mirror
  await using portcullis = await routed(
    [mirrorTo('one')],
    backend('up', [upstream.port]),
    backend('one', [mirrored.port]),
  )
  await send(portcullis.port(), { headers: { Connection: 'Upgrade', Upgrade: 'websocket' } })
  assert.equal((await copies.first()).headers['upgrade'], undefined)
})
