import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { syncBuiltinESMExports } from 'node:module'
import os from 'node:os'
import { test, type TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { neighbour } from '../support/from.ts'
import { snapshotOf, startGateway } from '../support/gateway.ts'
import { freePort } from '../support/process.ts'
import { gateway, tcpRoute, to, yamlOf } from '../support/resources.ts'
import { Served } from '../support/served.ts'
import { Answerer, Client, udpBackend } from '../support/udp.ts'

/** Of a gateway on all addresses of the machine, where its snapshot is applied as it is. */
function yaml(upstream: number, port = 53, ...more: NonNullable<Parameters<typeof gateway>[0]>): string {
  return yamlOf(
    gateway([{ name: 'dns', port, protocol: 'UDP' }, ...more]),
    tcpRoute('dns', [to('up')], { sectionName: 'dns' }, 'UDPRoute'),
    udpBackend('up', [upstream]),
  )
}

/** The machine has the addresses that `list` says, until the end of the test. */
function addressesAre(t: TestContext, list: () => readonly string[]): { readonly asked: () => number } {
  const mock = t.mock.method(os, 'networkInterfaces', () => ({
    lo: list().map(address => ({ address })),
  }))
  syncBuiltinESMExports()
  t.after(() => {
    mock.mock.restore()
    syncBuiltinESMExports()
  })
  return { asked: () => mock.mock.callCount() }
}

/** A socket there; rejects where somebody has it. */
async function taken(port: number, address: string, reusePort = false): Promise<Socket & AsyncDisposable> {
  const socket = createSocket({ type: 'udp4', reusePort })
  socket.bind(port, address)
  await once(socket, 'listening')
  return socket
}

/** The sockets of UDP that this process makes from here on. */
class Made implements Disposable {
  private readonly sockets: Socket[] = []
  private readonly push = (message: unknown): void => {
    this.sockets.push((message as { socket: Socket }).socket)
  }

  constructor() {
    subscribe('udp.socket', this.push)
  }

  at(port: number): Socket {
    const found = this.sockets.find(one => one.address().port === port)
    assert.ok(found)
    return found
  }

  [Symbol.dispose](): void {
    unsubscribe('udp.socket', this.push)
  }
}

test('a datagram without a source port is dropped, and counted, and others are answered', async () => {
  using made = new Made()
  await using up = await Answerer.start('up')
  await using started = await startGateway(yaml(up.port))
  const socket = made.at(started.port(53))
  // As the system hands it over; to send one takes a raw socket, and with it privileges.
  const from = { address: '127.0.0.66', family: 'IPv4', port: 0, size: 1 }
  socket.emit('message', Buffer.from('x'), from)
  using client = await Client.at(neighbour, started.port(53))
  for (let i = 0; i < 5; i++) assert.equal(await client.ask(`${i}`), `up ${i}`)
  assert.deepEqual(new Set(up.from.all.map(({ port }) => port)).size, 1)
  while (!/_total\{[^}]*udp_no_source_port[^}]*\} 1$/m.test(started.metrics())) await setImmediate()
})

test('a port that cannot be had on one of its addresses leaves the others to whoever wants them', async t => {
  addressesAre(t, () => ['127.0.0.1', '127.0.0.5'])
  await using up = await Answerer.start('up')
  await using started = await startGateway(yaml(up.port))
  const port = await freePort()
  const snapshot = snapshotOf(yaml(up.port, port), 2)
  {
    await using _theirs = await taken(port, '127.0.0.5')
    const [result] = await started.engine.apply(snapshot)
    assert.deepEqual(result, { key: snapshot.ports[0]!.key, error: 'EADDRINUSE' })
    await using _free = await taken(port, '127.0.0.1')
  }
  const [result] = await started.engine.apply({ ...snapshot, version: 3 })
  assert.deepEqual(result, { key: snapshot.ports[0]!.key, port })
  using client = await Client.at(neighbour, port, '127.0.0.5')
  assert.equal(await client.ask('a'), 'up a')
})

test('while nobody can say which addresses there are, those that were stay', async t => {
  let addresses: readonly string[] | null = ['127.0.0.1']
  const { asked } = addressesAre(t, () => {
    if (addresses === null) throw Object.assign(new Error('uv_interface_addresses'), { code: 'EMFILE' })
    return addresses
  })
  await using up = await Answerer.start('up')
  await using started = await startGateway(yaml(up.port))
  const port = await freePort()
  await started.engine.apply(snapshotOf(yaml(up.port, port), 2))
  let aheadMs = 0
  const now = performance.now.bind(performance)
  t.mock.method(performance, 'now', () => now() + aheadMs)
  addresses = null
  const before = asked()
  aheadMs += 6_000
  while (asked() === before) await setImmediate()
  using client = await Client.at(neighbour, port)
  assert.equal(await client.ask('a'), 'up a')
  addresses = ['127.0.0.1', '127.0.0.9']
  aheadMs += 6_000
  using other = await Client.at(neighbour, port, '127.0.0.9')
  assert.equal(await other.ask('b'), 'up b')
  assert.equal(await client.ask('c'), 'up c')
})

test('a number that TCP has is free for UDP, and one that UDP has is not, though it would be shared', async () => {
  await using up = await Answerer.start('up')
  const port = await freePort()
  await using server = createServer().listen(port, '127.0.0.1')
  await once(server, 'listening')
  await using theirs = await taken(0, '127.0.0.1', true)
  const lost = theirs.address().port
  const both = [{ name: 'lost', port: lost, protocol: 'UDP' }]
  await using served = await Served.start({ 'all.yaml': yaml(up.port, port, ...both) })
  using client = await Client.at(neighbour, port)
  assert.equal(await client.ask('a'), 'up a')
  const told = served.controller.status.portErrors.map(({ key, error }) => [key, error])
  assert.deepEqual(told, [[`udp *:${lost}`, 'EADDRINUSE']])
  await theirs[Symbol.asyncDispose]()
  while (served.controller.status.portErrors.length > 0) await setImmediate()
})

test('one number may be ours for TCP and for UDP', async () => {
  await using up = await Answerer.start('up')
  const port = await freePort()
  const tcp = { name: 'tcp', port, protocol: 'TCP' }
  await using served = await Served.start({ 'all.yaml': yamlOf(gateway([tcp])) })
  await served.change('all.yaml', yaml(up.port, port, tcp))
  assert.deepEqual(served.controller.status.portErrors, [])
  using client = await Client.at(neighbour, port)
  assert.equal(await client.ask('a'), 'up a')
})
