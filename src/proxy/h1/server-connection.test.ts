import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { test } from 'node:test'
import type { ServingPort } from '../serving-port.ts'
import { Overload } from '../overload.ts'
import type { Remote } from '../remote.ts'
import { Http1ServerConnection } from './server-connection.ts'

test('what comes after the end is dropped for 30 s, however slowly it comes', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [socket] = (await once(server, 'connection')) as [Socket]
  const clock = { nowMs: 1_000 }
  const settings = { requestLineBytes: 100, fieldBytes: 100, headBytes: 1000, fieldCount: 10, trustedHops: 0 }
  const port = { client: { ...settings, bodyIdleTimeoutMs: 60_000, headTimeoutMs: 10_000 } }
  const host = {
    clock,
    localPort: 80,
    scheme: 'http',
    draining: false,
    runtime: { port, overload: new Overload() },
    rejected: () => 'id',
  } as unknown as ServingPort
  const connection = new Http1ServerConnection(socket, host, { address: '192.0.2.1' } as Remote)
  connection.receive(Buffer.from(' no request\r\n\r\n'))
  // The answer has left; without that nothing is counted yet.
  while (socket.writableLength > 0) await once(socket, 'drain')
  let dropped = 0
  while (!socket.destroyed) {
    connection.receive(Buffer.from('x'))
    clock.nowMs += 4_000
    connection.sweep(clock.nowMs)
    assert.ok(++dropped <= 8)
  }
  client.destroy()
  server.close()
})
