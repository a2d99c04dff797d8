// --data belongs to one process: its lock, its socket, the token, and what commands ask by them.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer, request, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { adminClient } from '../../src/cli/command/admin-client.ts'
import { CommandFailure, Given } from '../../src/cli/command/flag.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'

const gateway = (port: number) => `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: g }
spec:
  gatewayClassName: portcullis
  addresses: [{ type: IPAddress, value: 127.0.0.1 }]
  listeners: [{ name: http, protocol: HTTP, port: ${port} }]
`

async function start(
  work: Folder,
  env: Readonly<Record<string, string>>,
  ...args: string[]
): Promise<RunProcess> {
  const port = await freePort()
  mkdirSync(join(work.path, 'resources'), { recursive: true })
  const file = join(work.path, 'resources', `${port}.yaml`)
  writeFileSync(file, gateway(port))
  return RunProcess.startWith(env, [file], '--workers', '1', ...args)
}

const clientOf = (given: Readonly<Record<string, string>>) =>
  adminClient(new Given([], new Map(Object.entries(given)), {}))

function bySocket(socketPath: string, path: string, method = 'GET'): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path, method, headers: { host: 'a' } }, resolve)
      .on('error', reject)
      .end()
  })
}

interface Status {
  readonly program: { readonly version: string }
  readonly ready: boolean
}

test('what is made in it is for its owner alone, and commands ask by its socket', async () => {
  using work = new Folder()
  const data = join(work.path, 'state')
  mkdirSync(data, { mode: 0o755 })
  await using run = await start(work, {}, '--data', data)
  await run.started()
  const token = join(data, 'secrets', 'admin-token')
  assert.equal((await run.event('admin.token_made'))['file'], token)
  const socket = join(data, 'run', 'admin.sock')
  for (const [path, mode] of [
    [join(data, 'run'), 0o700],
    [socket, 0o600],
    [join(data, 'secrets'), 0o700],
    [token, 0o600],
    [join(data, 'lock'), 0o600],
  ] as const)
    assert.equal(statSync(path).mode & 0o777, mode, path)
  assert.equal((await bySocket(socket, '/v1/status')).statusCode, 200)
  const status = await clientOf({ data }).get<Status>('/v1/status')
  assert.equal(status.ready, true)
  assert.equal(await run.stop(), 0)
  assert.equal(existsSync(socket), false)
  await assert.rejects(clientOf({ data }).get('/v1/status'), (error: Error) => {
    assert.ok(error instanceof CommandFailure)
    assert.match(error.message, /^no gateway of this user runs with --data .*state.* \(ENOENT\)$/)
    return true
  })
  const log = run.log.all.map(line => JSON.stringify(line)).join('\n')
  assert.ok(!log.includes(readFileSync(token, 'utf8').trim()))
})

test('without a port the socket is there', async () => {
  using work = new Folder()
  const data = join(work.path, 'state')
  await using run = await start(work, {}, '--data', data, '--admin', 'off')
  await run.started()
  assert.equal((await clientOf({ data }).get<Status>('/v1/status')).ready, true)
})

test('a folder that was named and another process has is an error, which leaves that one alone', async () => {
  using work = new Folder()
  const data = join(work.path, 'state')
  await using first = await start(work, {}, '--data', data)
  await first.started()
  await using second = await start(work, {}, '--data', data)
  assert.equal(await second.ended, 1)
  const { message } = await second.event('data.failed')
  assert.equal(message, `cannot use the folder ${data} (--data): another process has it`)
  assert.equal((await clientOf({ data }).get<Status>('/v1/status')).ready, true)
})

test('a folder that was named and cannot be written is an error', async () => {
  using work = new Folder()
  const data = join(work.path, 'a-file')
  writeFileSync(data, '')
  await using run = await start(work, { PORTCULLIS_DATA: data })
  assert.equal(await run.ended, 1)
  assert.match(String((await run.event('data.failed'))['message']), /a-file \(--data\): EEXIST/)
})

test('the default is done without where it is taken or cannot be had, and that is said once', async () => {
  using work = new Folder()
  await using first = await start(work, { XDG_STATE_HOME: work.path })
  await first.started()
  await using second = await start(work, { XDG_STATE_HOME: work.path })
  await second.started()
  const { message } = await second.event('data.none')
  assert.match(String(message), /^another process has it: there is no socket for commands, .*--data DIR$/)
  writeFileSync(join(work.path, 'file'), '')
  await using third = await start(work, { XDG_STATE_HOME: join(work.path, 'file') })
  await third.started()
  for (const run of [second, third]) {
    assert.equal((await run.get('/v1/status')).status, 200)
    assert.deepEqual(
      run.log.all.filter(({ level }) => level === 'warn').map(({ event }) => event),
      ['data.none'],
    )
  }
})

test('the socket of a process that was killed is taken over, and of its folder the lock', async () => {
  using work = new Folder()
  const data = join(work.path, 'state')
  await using first = await start(work, {}, '--data', data)
  await first.started()
  first.child.kill('SIGKILL')
  await first.ended
  assert.ok(existsSync(join(data, 'run', 'admin.sock')))
  await using second = await start(work, {}, '--data', data)
  await second.started()
  assert.equal((await clientOf({ data }).get<Status>('/v1/status')).ready, true)
})

test('what is no socket, or in a folder that was open to others, is not taken for ours', async () => {
  using work = new Folder()
  const data = join(work.path, 'state')
  mkdirSync(join(data, 'run'), { recursive: true })
  chmodSync(join(data, 'run'), 0o777)
  writeFileSync(join(data, 'run', 'admin.sock'), 'kept')
  await using run = await start(work, {}, '--data', data)
  await run.started()
  assert.match(String((await run.event('admin.no_socket'))['message']), /EADDRINUSE/)
  assert.equal(readFileSync(join(data, 'run', 'admin.sock'), 'utf8'), 'kept')
  assert.equal(statSync(join(data, 'run')).mode & 0o777, 0o700)
})

test('a command asks another machine by its token', async () => {
  using work = new Folder()
  const data = join(work.path, 'state')
  await using run = await start(work, {}, '--data', data, '--secrets', join(work.path, 'secrets'))
  await run.started()
  const admin = `127.0.0.1:${run.admin}`
  const token = `@${join(work.path, 'secrets', 'admin-token')}`
  for (const given of [{ admin }, { admin: `http://${admin}/`, token }])
    assert.equal((await clientOf(given).get<Status>('/v1/status')).ready, true)
  await assert.rejects(
    clientOf({ admin, token: 'of-another-gateway' }).get('/v1/status'),
    /^Error: the gateway answers 401 Unauthorized: that is another token; the token is in .*admin-token/,
  )
  await assert.rejects(clientOf({ admin }).get('/v1/nothing'), /answers 404 Not Found: there are/)
  await assert.rejects(
    clientOf({ admin: 'localhost:1' }).get('/v1/status'),
    /nobody answers at http:\/\/localhost:1/,
  )
  assert.throws(() => clientOf({ admin: 'ftp://a' }), /expected http:\/\/HOST:PORT/)
  assert.throws(() => clientOf({ admin, token: '@/nothing' }), /cannot read \/nothing: ENOENT/)
})

test('a command follows events, whatever pieces they come in', async () => {
  using work = new Folder()
  const server = createServer((asked, response) => {
    assert.equal(asked.url, '/stream?status=5xx&status=404&limit=2')
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('retry: 2000\n\n:\n\nevent: one\nda')
    setImmediate(() => response.end('ta: {"a":1}\n\nevent: two\ndata: "ü"\n\n'))
  })
  server.listen(join(work.path, 'socket'))
  await once(server, 'listening')
  const tcp = createServer((asked, response) => void server.emit('request', asked, response)).listen(
    0,
    '127.0.0.1',
  )
  await once(tcp, 'listening')
  const { port } = tcp.address() as AddressInfo
  const seen: unknown[] = []
  await assert.rejects(async () => {
    const query = { status: ['5xx', '404'], limit: 2, host: undefined }
    for await (const event of clientOf({ admin: `127.0.0.1:${port}` }).events('/stream', query))
      seen.push(event)
  }, /has ended the stream/)
  assert.deepEqual(seen, [
    { event: 'one', data: { a: 1 } },
    { event: 'two', data: 'ü' },
  ])
  server.close()
  tcp.close()
})
