import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { LookupFunction } from 'node:net'
import { WebSocket } from 'ws'
import { random, type Target, type Traffic } from './traffic.ts'

/** Every name is this machine's. */
const lookup: LookupFunction = (_name, { all }, done) =>
  all === true ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4)

/** WebSocket by `ws`, over HTTP/1.1. */
export class WebSocketTraffic implements Traffic {
  private readonly target: Target

  readonly kinds = { websocket: () => this.talk(), websocketLost: () => this.lost() }

  constructor(target: Target) {
    this.target = target
  }

  close(): void {}

  private async open(): Promise<WebSocket> {
    const { port, ca } = this.target
    const url = `${ca === null ? 'ws' : 'wss'}://h1.soak.test:${port}/ws`
    const socket = new WebSocket(url, { lookup, ...(ca === null ? {} : { ca }) })
    await once(socket, 'open')
    return socket
  }

  private async talk(): Promise<void> {
    const socket = await this.open()
    for (let i = random(20); i >= 0; i--) {
      const said = randomBytes(random(20_000))
      socket.send(said)
      const [heard] = (await once(socket, 'message')) as [Buffer]
      assert.ok(said.equals(heard), 'the echo is something else')
    }
    const code = 4000 + random(100)
    socket.close(code)
    assert.equal((await once(socket, 'close'))[0], code)
  }

  private async lost(): Promise<void> {
    const socket = await this.open()
    socket.send('x')
    socket.terminate()
    await once(socket, 'close')
  }
}
