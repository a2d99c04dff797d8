import assert from 'node:assert/strict'
import { once } from 'node:events'
import { symlinkSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { connect, createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { send } from '../support/client.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { RawClient } from '../support/raw.ts'
import { backend, gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { Seen } from '../support/until.ts'
import { TestUpstream } from '../support/upstream.ts'

const routed = (upstream: number, ...ports: readonly number[]): string =>
  yamlOf(
    gateway(ports.map(port => ({ name: `p${port}`, port }))),
    httpRoute('r', { rules: [{ matches: [prefix('/')], backendRefs: [to('up')] }] }),
    backend('up', [upstream]),
  )

const hello = () => TestUpstream.start((_, response) => void response.end('hello'))

/** Something else that listens on every address. */
async function squatter(port = 0) {
  const server = createServer().listen(port)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      if (!server.listening) return
      server.close()
      await once(server, 'close')
    },
  }
}

const messages = (run: RunProcess, event: string): string =>
  run.log.all
    .filter(line => line['event'] === event)
    .map(line => String(line['message']))
    .join('\n')

suite('a process that serves', () => {
  test('says so in JSON, is ready, and ends with 0 when told', async () => {
    await using upstream = await hello()
    const port = await freePort()
    using folder = new Folder({ 'all.yaml': routed(upstream.port, port) })
    await using run = await RunProcess.start([folder.path], '--workers', '2')
    await run.started()
    assert.equal((await send(port)).body, 'hello')
    assert.equal((await run.get('/healthz')).status, 200)
    assert.equal((await run.get('/readyz')).status, 200)
    assert.equal(await run.stop(), 0)
    for (const line of run.log.all) {
      assert.ok(!('text' in line), `not JSON: ${JSON.stringify(line)}`)
      assert.match(String(line['time']), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
    }
    assert.deepEqual(
      run.log.all.map(line => line['event']),
      ['snapshot.applied', 'started', 'draining', 'ended'],
    )
    assert.equal(run.access.all.length, 1)
  })

  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    test(`${signal} lets a slow response finish, refuses new connections, and is not ready`, async () => {
      const held = new Seen<ServerResponse>()
      await using upstream = await TestUpstream.start((_, response) => {
        response.write('first ')
        held.push(response)
      })
      const port = await freePort()
      using folder = new Folder({ 'all.yaml': routed(upstream.port, port) })
      await using run = await RunProcess.start([folder.path], '--workers', '2')
      await run.started()
      await using client = await RawClient.to(port)
      await using idle = await RawClient.to(port)
      client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      await client.until(/first /)
      run.child.kill(signal)
      // Idle connections are closed at once: with that the drain is under way in that worker.
      await idle.closed()
      await run.event('draining')
      assert.equal((await run.get('/readyz')).status, 503)
      await refused(port)
      const response = await held.first()
      response.end('last')
      await client.until(/last\r\n0\r\n\r\n$/)
      await client.closed()
      for (const { socket } of [client, idle]) socket.end()
      assert.equal(await run.ended, 0)
    })

  test('who interrupts again does not wait for what is in flight', async () => {
    const held = new Seen<ServerResponse>()
    await using upstream = await TestUpstream.start((_, response) => held.push(response))
    const port = await freePort()
    using folder = new Folder({ 'all.yaml': routed(upstream.port, port) })
    await using run = await RunProcess.start([folder.path], '--workers', '2')
    await run.started()
    await using client = await RawClient.to(port)
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await held.first()
    const again = setInterval(() => run.child.kill('SIGINT'), 50)
    const ended = await run.ended
    clearInterval(again)
    // One that comes while it ends can be ahead of that; shells call both 130.
    assert.ok(ended === 130 || ended === 'SIGINT', String(ended))
    await client.closed()
    await run.event('ended', line => line['level'] === 'warn')
  })

  test('SIGHUP reads everything again', async () => {
    await using upstream = await hello()
    const port = await freePort()
    using folder = new Folder({ 'all.yaml': routed(upstream.port, port) })
    await using run = await RunProcess.start([folder.path], '--workers', '1')
    await run.started()
    run.child.kill('SIGHUP')
    await run.event('resources.unchanged')
    assert.equal((await send(port)).body, 'hello')
  })

  test('a port in use is a condition and a line that says so, the others serve, and it is had when it is free', async () => {
    await using upstream = await hello()
    const taken = await squatter()
    await using _ = taken
    const port = await freePort()
    using folder = new Folder({ 'all.yaml': routed(upstream.port, port, taken.port) })
    await using run = await RunProcess.start([folder.path], '--workers', '2')
    await run.started()
    assert.equal((await send(port)).body, 'hello')
    assert.match(
      messages(run, 'resources.problem'),
      new RegExp(
        `all\\.yaml:.* listener p${taken.port}: Accepted=False PortUnavailable: .*in use by another program`,
      ),
    )
    const status: unknown = await (await run.get('/status')).json()
    const reasons = conditionsOf(status, `p${taken.port}`)
    assert.deepEqual(reasons, { Accepted: 'PortUnavailable', Programmed: 'Invalid' })
    await taken[Symbol.asyncDispose]()
    await run.event('snapshot.applied', line => line['version'] === 2)
    assert.equal((await send(taken.port)).body, 'hello')
    assert.match(messages(run, 'resources.solved'), /PortUnavailable/)
  })

  test('a broken file is complained about by its place, and what is good serves', async () => {
    await using upstream = await hello()
    const port = await freePort()
    using folder = new Folder({
      'a.yaml': routed(upstream.port, port),
      'broken.yaml': 'apiVersion: v1\nkind: Service\nmetadata: { name: x\n',
      'typo.yaml': JSON.stringify({ ...httpRoute('typo', {}), spec: { rulez: [] } }),
    })
    await using run = await RunProcess.start([folder.path], '--workers', '1')
    await run.started()
    assert.equal((await send(port)).body, 'hello')
    assert.match(messages(run, 'resources.problem'), /broken\.yaml:\d+:\d+/)
    assert.match(messages(run, 'resources.problem'), /typo\.yaml:1:\d+ HTTPRoute\/typo spec\.rulez: .*rules/)
  })

  test('an object that became invalid serves on as it was, with a condition until it is mended', async () => {
    await using upstream = await hello()
    const port = await freePort()
    const good = routed(upstream.port, port)
    using folder = new Folder({ 'all.yaml': good })
    await using run = await RunProcess.start([folder.path], '--workers', '1')
    await run.started()
    const held = async () => {
      const { conditions } = (await (await run.get('/status')).json()) as Status
      const stale = conditions.filter(({ type }) => type === 'Current')
      return stale.map(({ about, status, reason, message }) => [about.name, status, reason, message])
    }
    assert.deepEqual(await held(), [])
    folder.write('all.yaml', good.replace('backendRefs', 'backendRef'))
    await run.event('resources.problem')
    assert.equal((await send(port)).body, 'hello')
    const [only, ...more] = await held()
    assert.deepEqual(more, [])
    assert.deepEqual(only?.slice(0, 3), ['r', 'False', 'InvalidDeclaration'])
    assert.match(only[3] ?? '', /^spec\.rules\[0\]\.backendRef: unknown field .*keeps the version of/)
    folder.write('all.yaml', good)
    await run.event('resources.solved')
    assert.deepEqual(await held(), [])
  })

  test('a file that cannot be read is complained about, and what can be serves', async () => {
    await using upstream = await hello()
    const port = await freePort()
    using folder = new Folder({ 'a.yaml': routed(upstream.port, port) })
    // A circle: unreadable for root too, whom permissions do not stop.
    symlinkSync('circle.yaml', join(folder.path, 'circle.yaml'))
    await using run = await RunProcess.start([folder.path], '--workers', '1')
    await run.started()
    assert.equal((await send(port)).body, 'hello')
    assert.match(messages(run, 'resources.problem'), /circle\.yaml: /)
  })

  test('a file that is no text is complained about', async () => {
    await using upstream = await hello()
    const port = await freePort()
    using folder = new Folder({ 'a.yaml': routed(upstream.port, port), 'b.yaml': '' })
    folder.write('b.yaml', '\u0000\u0001')
    await using run = await RunProcess.start([folder.path], '--workers', '1')
    await run.started()
    assert.match(messages(run, 'resources.problem'), /b\.yaml/)
  })
})

suite('a process that has nothing to stay for says why and ends with 1', () => {
  const cases = [
    ['a missing folder', {}, ['/does/not/exist'], 'resources.problem', /\/does\/not\/exist: does not exist/],
    ['an empty folder', {}, [], 'nothing.served', /there is no Gateway/],
    ['a broken file', { 'a.yaml': 'a: [' }, [], 'resources.problem', /a\.yaml:\d+:\d+/],
    [
      'a Gateway of TLS alone',
      { 'a.yaml': yamlOf(gateway([{ name: 'tls', protocol: 'TLS', port: 443 }])) },
      [],
      'nothing.served',
      /no Gateway in .* has a listener that can be served/,
    ],
  ] as const
  for (const [what, files, paths, event, message] of cases)
    test(what, async () => {
      using folder = new Folder(files)
      await using run = await RunProcess.start(paths.length > 0 ? paths : [folder.path], '--workers', '1')
      assert.equal(await run.ended, 1)
      assert.match(messages(run, event), message)
      assert.match(messages(run, 'nothing.served'), /./)
    })

  test('every port in use', async () => {
    await using taken = await squatter()
    using folder = new Folder({ 'a.yaml': routed(1, taken.port) })
    await using run = await RunProcess.start([folder.path], '--workers', '1')
    assert.equal(await run.ended, 1)
    assert.match(messages(run, 'nothing.served'), /none of the ports/)
    assert.match(
      messages(run, 'resources.problem'),
      /Gateway\/gw .*: Accepted=False PortUnavailable: .*in use/,
    )
  })

  test('the admin port in use', async () => {
    await using taken = await squatter()
    const port = await freePort()
    using folder = new Folder({ 'a.yaml': routed(1, port) })
    await using run = await RunProcess.start(
      [folder.path],
      '--workers',
      '1',
      '--admin',
      `127.0.0.1:${taken.port}`,
    )
    assert.equal(await run.ended, 1)
    assert.match(messages(run, 'admin.failed'), new RegExp(`127\\.0\\.0\\.1:${taken.port} .*in use.*--admin`))
    assert.ok(!run.log.all.some(line => 'text' in line), 'no stack trace')
  })

  test('an access log that cannot be written', async () => {
    const port = await freePort()
    using folder = new Folder({ 'a.yaml': routed(1, port) })
    await using run = await RunProcess.start([folder.path], '--access-log', '/does/not/exist/log')
    assert.equal(await run.ended, 1)
    assert.match(messages(run, 'access_log.failed'), /\/does\/not\/exist\/log/)
  })
})

interface Status {
  readonly conditions: readonly Readonly<
    Record<'type' | 'status' | 'reason' | 'message', string> & { about: { name: string } }
  >[]
}

/** Types and reasons of a listener's conditions that are False, Conflicted aside. */
function conditionsOf(status: unknown, listener: string): Record<string, string> {
  const { conditions } = status as {
    conditions: { listener?: string; type: string; status: string; reason: string }[]
  }
  const own = conditions.filter(one => one.listener === listener && one.status === 'False')
  return Object.fromEntries(
    own.filter(({ type }) => type !== 'Conflicted').map(one => [one.type, one.reason]),
  )
}

/** Resolves when connections to the port are refused; workers stop listening one after another. */
async function refused(port: number): Promise<void> {
  for (;;) {
    const socket = connect({ port, host: '127.0.0.1' })
    const outcome = await new Promise<string>(resolve => {
      socket
        .on('connect', () => resolve('open'))
        .on('error', error => resolve('code' in error ? String(error.code) : ''))
    })
    socket.destroy()
    if (outcome === 'ECONNREFUSED') return
  }
}
