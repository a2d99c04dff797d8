import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { describe, hello, type Frame } from './http2/wire.ts'

/** A client of HTTP/2 that writes frames as they are, valid or not, and reads what comes back as frames. */
export class RawHttp2Client implements AsyncDisposable {
  readonly socket: Socket
  readonly frames: Frame[] = []
  ended = false
  /** Told of each frame. */
  onFrame: (frame: Frame) => void = () => {}
  private held: Buffer = Buffer.alloc(0)
  private readonly waiting = new Set<() => void>()

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => this.read(chunk))
    for (const event of ['end', 'close'] as const)
      socket.on(event, () => {
        this.ended = true
        this.look()
      })
    socket.on('error', () => {})
  }

  /** To a plain port with prior knowledge, or by TLS; begins with `first`, the preface and settings unless said otherwise. */
  static async to(port: number, { tls = false, first = hello } = {}): Promise<RawHttp2Client> {
    const to = { port, host: '127.0.0.1', noDelay: true }
    const socket = tls
      ? connectTls({ ...to, servername: 'a.example', ALPNProtocols: ['h2'], rejectUnauthorized: false })
      : connect({ ...to, allowHalfOpen: true })
    await once(socket, tls ? 'secureConnect' : 'connect')
    const client = new RawHttp2Client(socket)
    client.says(first)
    return client
  }

  says(...frames: readonly Buffer[]): void {
    if (!this.ended) this.socket.write(Buffer.concat(frames))
  }

  /** What has come, without the frames that every connection has. */
  get said(): readonly string[] {
    return this.frames.map(describe).filter(line => !/^SETTINGS|^WINDOW 0 /.test(line))
  }

  /** Payload bytes of DATA that have come for a stream. */
  bytes(stream: number): number {
    const all = this.frames.filter(one => one.type === 0 && one.stream === stream)
    return all.reduce((sum, { payload }) => sum + payload.length, 0)
  }

  /** Resolves when it holds, looked at with every frame; rejects if the connection ends before. */
  async until(condition: RegExp | (() => boolean)): Promise<void> {
    const holds =
      typeof condition === 'function' ? condition : () => this.said.some(line => condition.test(line))
    await this.wait(() => holds() || this.ended)
    if (!holds()) throw new Error(`ended before ${String(condition)}: ${this.said.slice(-20).join(', ')}`)
  }

  /** Resolves when the server has ended the connection. */
  closed(): Promise<void> {
    return this.wait(() => this.ended)
  }

  private wait(condition: () => boolean): Promise<void> {
    return new Promise(resolve => {
      const look = (): void => {
        if (!condition()) return
        this.waiting.delete(look)
        resolve()
      }
      this.waiting.add(look)
      look()
    })
  }

  private read(chunk: Buffer): void {
    let bytes = this.held.length === 0 ? chunk : Buffer.concat([this.held, chunk])
    while (bytes.length >= 9 && bytes.length >= 9 + bytes.readUIntBE(0, 3)) {
      const end = 9 + bytes.readUIntBE(0, 3)
      const [type = 0, flags = 0] = bytes.subarray(3, 5)
      const frame = { type, flags, stream: bytes.readUInt32BE(5), payload: bytes.subarray(9, end) }
      this.frames.push(frame)
      this.onFrame(frame)
      bytes = bytes.subarray(end)
    }
    this.held = bytes
    this.look()
  }

  private look(): void {
    for (const look of this.waiting) look()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy()
    if (!this.socket.closed) await once(this.socket, 'close')
  }
}
