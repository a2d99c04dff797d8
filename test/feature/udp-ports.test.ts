import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:dgram'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { neighbour } from '../support/from.ts'
import { startGateway } from '../support/gateway.ts'
import { gateway, tcpRoute, to, yamlOf } from '../support/resources.ts'
import { Answerer, Client, udpBackend } from '../support/udp.ts'

function yaml(port: number): string {
  return yamlOf(
    gateway([{ name: 'dns', port: 53, protocol: 'UDP' }]),
    tcpRoute('dns', [to('up')], { sectionName: 'dns' }, 'UDPRoute'),
    udpBackend('up', [port]),
  )
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
