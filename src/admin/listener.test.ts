import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { Folder } from '../../test/support/process.ts'
import { seenIn } from '../../test/support/seen.ts'
import { AdminListener } from './listener.ts'
import { AdminPaths } from './paths.ts'

async function start(paths = new AdminPaths()) {
  const admin = new AdminListener({ seen: seenIn(), paths, metrics: () => Promise.resolve('m 1\n') })
  const { port } = await admin.listen('127.0.0.1', 0)
  return { url: `http://127.0.0.1:${port}`, [Symbol.dispose]: () => admin.close() }
}

test('services answer on paths of their own, and take none that is taken', async () => {
  const paths = new AdminPaths()
  paths.add('/v1/some/', (_, response) => void response.end('some'))
  paths.add('/v1/some/keys/', (_, response) => void response.end('keys'))
  paths.add('/v1/some/keys/one', async (_, response) => {
    await Promise.resolve()
    response.end('one')
  })
  for (const taken of ['/v1/some/keys/one', '/metrics', '/status', '/'])
    assert.throws(() => paths.add(taken, () => {}), /is taken/)
  using server = await start(paths)
  const rows = [
    ['/v1/some/x', 'some'],
    ['/v1/some/keys/two', 'keys'],
    ['/v1/some/keys/one?a=b', 'one'],
    ['/metrics', 'm 1\n'],
  ] as const
  for (const [path, answer] of rows) assert.equal(await (await fetch(server.url + path)).text(), answer, path)
})

test('what is not there is told as a problem, with what is', async () => {
  using server = await start()
  for (const [method, path, status, said] of [
    ['GET', '/v1/nothing', 404, /there are \/healthz, .*\/v1\/openapi\.json/],
    ['POST', '/v1/status', 401, /needs a token/],
    ['GET', '/v1/status?a=1', 400, /query: \\"a\\" is not known/],
    ['GET', '/%zz', 400, /"detail":"the path cannot be percent-decoded"/],
    ['POST', '/healthz', 405, /not allowed/],
  ] as const) {
    const response = await fetch(server.url + path, { method })
    assert.equal(response.status, status, path)
    if (path !== '/healthz')
      assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/)
    assert.match(await response.text(), said)
  }
})

test('the status says what program this is, and the document what the status has', async () => {
  using server = await start()
  const get = async (path: string): Promise<unknown> => (await fetch(server.url + path)).json()
  assert.deepEqual(await get('/v1/status'), {
    program: { version: '1.2.3', node: '24.0.0' },
    startedAt: '1970-01-01T00:00:01.000Z',
    uptimeS: 2,
    ready: true,
    snapshot: null,
    workers: 2,
    roles: ['ingress'],
    paths: ['here'],
    ports: [],
    problems: { errors: 0, warnings: 0, notes: 0 },
    held: 0,
    counts: { gateways: 0, listeners: 0, rules: 0, clusters: 0, endpoints: 0 },
  })
  const document = (await get('/v1/openapi.json')) as {
    openapi: string
    info: { version: string }
    paths: Record<string, { get?: { responses: Record<string, unknown> } }>
  }
  assert.equal(document.openapi, '3.1.1')
  assert.equal(document.info.version, '1.2.3')
  assert.deepEqual(Object.keys(document.paths['/v1/status']?.get?.responses ?? {}), ['200', 'default'])
  assert.equal(document.paths['/status'], undefined)
  for (const [path, { get: operation }] of Object.entries(document.paths))
    if (operation !== undefined) assert.ok('200' in operation.responses, `what ${path} answers`)
})

test('one who holds all places by heads that never end does not keep a neighbour from being answered', async () => {
  using admin = await start()
  const { port } = new URL(admin.url)
  const held = await Promise.all(
    Array.from({ length: 300 }, async () => {
      const socket = connect({ port: Number(port), host: '127.0.0.1', localAddress: '127.0.0.9' })
      socket.on('error', () => {})
      await once(socket, 'connect')
      socket.write('GET /readyz HTTP/1.1\r\nHost: ')
      return socket
    }),
  )
  assert.equal((await fetch(`${admin.url}/readyz`)).status, 200)
  for (const socket of held) socket.destroy()
})

for (const framing of ['content-length', 'transfer-encoding'] as const)
  test(`who sends too large a body (${framing}) is told so, and its connection stays`, async () => {
    using folder = new Folder()
    const admin = new AdminListener({
      seen: seenIn(),
      paths: new AdminPaths(),
      metrics: () => Promise.resolve(''),
    })
    const name = join(folder.path, 'admin.sock')
    await admin.listenOnSocket(name)
    const connection = connect(name)
    const write = promisify<string, void>(connection.write.bind(connection) as never)
    const [part, parts] = ['x'.repeat(64 * 1024), 64]
    const isSaid = framing === 'content-length'
    await write(
      `POST /v1/explain HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n${framing}: ${isSaid ? part.length * parts : 'chunked'}\r\n\r\n`,
    )
    // As programs do that read what is answered when all is sent.
    for (let sent = 0; sent < parts; sent++)
      await write(isSaid ? part : `${part.length.toString(16)}\r\n${part}\r\n`)
    if (!isSaid) await write('0\r\n\r\n')
    await write('GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    assert.match(
      await text(connection),
      /^HTTP\/1\.1 413 .*"detail":"Request body is too large".*HTTP\/1\.1 200 .*ok\n$/s,
    )
    admin.close()
  })

test('a head that is too large, or none, is answered with a problem', async () => {
  const admin = new AdminListener({
    seen: seenIn(),
    paths: new AdminPaths(),
    metrics: () => Promise.resolve(''),
  })
  const { port } = await admin.listen('127.0.0.1', 0)
  for (const [head, status] of [
    [`GET /v1/${'x'.repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 431],
    ['no request\r\n\r\n', 400],
  ] as const) {
    const connection = connect(port, '127.0.0.1')
    connection.write(head)
    const answer = await text(connection)
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `))
    assert.match(answer, /Content-Type: application\/problem\+json/)
    assert.match(answer, new RegExp(`"status":${status}`))
  }
  admin.close()
})
