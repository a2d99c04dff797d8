import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectPlain } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { suite, test } from 'node:test'
import { connect, type ConnectionOptions } from 'node:tls'
import { Authority, tlsSecret } from '../support/certificates.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { clientPolicy } from '../support/policies.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { ask, clientHello, httpsListener, secure } from '../support/tls.ts'
import { TestUpstream } from '../support/upstream.ts'

const authority = await Authority.make()
const pair = await authority.issue({ names: ['a.example'] })
const trust = { ca: authority.root, servername: 'a.example' }

/** Handshakes that are left never run out of time here: what ends them is that their client has left. */
const endless = { timeouts: { head: '0s' } }

function yaml(upstream: TestUpstream, client: object): string {
  return yamlOf(
    gateway([httpsListener('https', ['pair'])]),
    tlsSecret('pair', pair),
    httpRoute('all', { rules: [{ backendRefs: [to('up')] }] }),
    backend('up', [upstream.port]),
    clientPolicy(client),
  )
}

const leaving: Readonly<Record<string, (port: number, options: ConnectionOptions) => Promise<void>>> = {
  'a FIN behind its ClientHello': async (port, options) => {
    const socket = connectPlain({ port, host: '127.0.0.1', allowHalfOpen: true })
    socket.on('error', () => {}).resume()
    socket.end(await clientHello(options))
    // The gateway's own FIN: this client keeps its connection half open as long as it is let.
    await once(socket, 'close')
  },
  'a FIN in the middle of its ClientHello': async (port, options) => {
    const socket = connectPlain({ port, host: '127.0.0.1', allowHalfOpen: true })
    socket.on('error', () => {}).resume()
    socket.end((await clientHello(options)).subarray(0, 50))
    await once(socket, 'close')
  },
  'a reset behind its ClientHello': async (port, options) => {
    const socket = connectPlain({ port, host: '127.0.0.1' })
    socket.write(await clientHello(options))
    await once(socket, 'data')
    socket.resetAndDestroy()
  },
  'its destruction as soon as it is secure': async (port, options) => {
    const socket = connect({ port, host: '127.0.0.1', ...options })
    await once(socket, 'secureConnect')
    socket.destroy()
  },
  'its end as soon as it is secure': async (port, options) => {
    const socket = connect({ port, host: '127.0.0.1', ...options })
    await once(socket, 'secureConnect')
    socket.end()
    await once(socket, 'close')
  },
}

function active(started: TestGateway): number {
  return Number(/connections_active\{port="\*:443"\} (\d+)/.exec(started.metrics())?.[1])
}

for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const)
  suite(`with ${maxVersion}, a client that leaves by`, () => {
    for (const [what, leave] of Object.entries(leaving))
      test(`${what} leaves nothing behind, and its neighbour is served`, async () => {
        await using upstream = await TestUpstream.start()
        await using started = await startGateway(yaml(upstream, endless))
        const port = started.port(443)
        const neighbour = await secure(port, trust)
        for (let i = 0; i < 20; i++) {
          await leave(port, { ...trust, maxVersion })
          assert.equal((await ask(neighbour, 'a.example')).status, 200)
        }
        while (active(started) > 1) await setImmediate()
        neighbour.destroy()
      })
  })

test('a client that ends its direction behind a whole request has an answer', async () => {
  await using upstream = await TestUpstream.start()
  await using started = await startGateway(yaml(upstream, { http1: { halfClose: 'serve' } }))
  const halfOpen = { host: '127.0.0.1', port: started.port(443), allowHalfOpen: true, ...trust }
  const socket = connect(halfOpen)
  await once(socket, 'secureConnect')
  let text = ''
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
  socket.end('GET / HTTP/1.1\r\nHost: a.example\r\n\r\n')
  await once(socket, 'end')
  assert.match(text, /^HTTP\/1\.1 200 /)
})
