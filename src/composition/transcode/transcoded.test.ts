import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { library } from '../../../test/support/library.ts'
import { Seen } from '../../../test/support/until.ts'
import { systemClock } from '../../upstream/clock.ts'
import { defineGateway, grpc } from '../composition.ts'
import { Engine } from '../engine/engine.ts'
import { FrameSocket } from '../streams/frame-socket.ts'
import { framesOfWs } from '../streams/frames.ts'
import { tunnelPair } from '../testing/tunnel-pair.ts'
import type { BackendRequest, Transport } from '../transport/transport.ts'

/** A backend that answers nothing and takes nothing, and what was asked of it. */
class Silent implements Transport {
  readonly retries = true
  readonly requests = new Seen<BackendRequest>()

  send(request: BackendRequest): Promise<never> {
    this.requests.push(request)
    return new Promise((_, reject) =>
      request.signal.addEventListener('abort', () => reject(request.signal.reason as Error)),
    )
  }

  open(): Promise<never> {
    return Promise.reject(new Error('no tunnels'))
  }
}

const gateway = defineGateway({
  backends: { library: grpc(library.getService('library.Library')!, { url: 'http://library' }) },
  routes: r => [r.transcode('library', { descriptors: library })],
})

/** A client's WebSocket, and how much is held for it. */
async function opened(target: string) {
  const transport = new Silent()
  const engine = new Engine(gateway as never, { transport, clock: systemClock })
  const held = { bytes: 0, most: new Seen<number>() }
  const holding = {
    add(bytes: number) {
      held.bytes += bytes
      held.most.push(held.bytes)
    },
  }
  const gone = new AbortController()
  const answer = await engine.answer({
    method: 'GET',
    target,
    headers: { host: 'shop.example' },
    body: null,
    upgrade: 'websocket',
    client: '192.0.2.7',
    holding,
    signal: gone.signal,
  })
  assert.equal(answer.status, 101)
  const [client, server] = tunnelPair()
  answer.tunnel!(server)
  const socket = new FrameSocket({
    tunnel: client,
    side: 'client',
    frames: await framesOfWs(),
    clock: systemClock,
    limits: {},
    slow: {},
  })
  const end = () => {
    socket.abort()
    gone.abort()
  }
  return { transport, held, holding, socket, end }
}

suite('what a transcoded WebSocket keeps is its client’s', () => {
  test('messages that the backend does not take are held for it', async () => {
    const { transport, held, socket, end } = await opened('/v1/discussion')
    await transport.requests.count(1)
    const message = JSON.stringify({ familyName: 'x'.repeat(8_000) })
    void socket.send(message, null)
    void socket.send(message, null)
    await held.most.first(bytes => bytes >= 2 * message.length)
    end()
  })

  test('its call is of the client, and what comes for it is held for it', async () => {
    const { transport, holding, end } = await opened('/v1/discussion')
    const [request] = await transport.requests.count(1)
    assert.equal(request!.client, '192.0.2.7')
    assert.equal(request!.holding, holding)
    end()
  })

  test('a message more than the method takes closes it', async () => {
    const { transport, held, socket, end } = await opened('/v1/shelves/poems/books:watch')
    await transport.requests.count(1)
    void socket.send('', null)
    void socket.send('more', null)
    assert.equal((await socket.closed).code, 1008)
    assert.ok(held.bytes < 1_000, String(held.bytes))
    end()
  })
})
