import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { test } from 'node:test'
import { connect as connectTls, TLSSocket } from 'node:tls'
import { Authority } from '../../test/support/certificates.ts'
import { settled } from '../../test/support/settled.ts'
import { takenBytes } from './pace.ts'

/** More than the buffers of sockets take. */
const BYTES = 32_000_000

for (const secure of [false, true])
  test(`what has been taken of one large write shows before it is over${secure ? ', in TLS too' : ''}`, async () => {
    const pair = await (await Authority.make('pace')).issue({ names: ['a.example'] })
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const accepted = once(server, 'connection') as Promise<[Socket]>
    const client = secure
      ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
      : connect({ port, host: '127.0.0.1' })
    const [plain] = await accepted
    const socket = secure ? new TLSSocket(plain, { isServer: true, key: pair.key, cert: pair.chain }) : plain
    if (secure) await once(client, 'secureConnect')
    socket.write(Buffer.alloc(BYTES))
    const before = await settled(() => takenBytes(socket))
    assert.ok(before > 0 && before < BYTES, `${before} bytes`)
    assert.equal(takenBytes(socket), before)
    let read = 0
    client.on('data', (chunk: Buffer) => (read += chunk.length))
    while (read < BYTES) await once(client, 'data')
    assert.ok(takenBytes(socket) >= BYTES)
    client.destroy()
    socket.destroy()
    server.close()
    await once(server, 'close')
  })
