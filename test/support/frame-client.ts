import type { Socket } from 'node:net'
import { HpackDecoder } from '../../src/http/h2/hpack-decoder.ts'
import { hello, type Frame } from '../conformance/h2/wire.ts'
import type { TestGateway } from './gateway.ts'
import { Seen } from './until.ts'
import { dial, portFor } from './wires.ts'

/** A stream's answer as far as it has come; heads and trailers as name, value, name, value … */
export interface Answered {
  readonly heads: (readonly string[])[]
  body: string
  ended: boolean
  /** Code of the RST_STREAM that came. */
  reset: number | null
}

/** A client that writes frames (test/conformance/h2/wire.ts) as they are, on one connection to the gateway. */
export class FrameClient implements AsyncDisposable {
  readonly frames = new Seen<Frame>()
  closed = false
  private readonly socket: Socket
  private readonly decoder = new HpackDecoder()
  private readonly answers = new Map<number, Answered>()
  private rest: Buffer = Buffer.alloc(0)

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => this.read(chunk))
    socket.on('error', () => {})
    socket.on('close', () => {
      this.closed = true
    })
    socket.write(hello)
  }

  static async to(running: TestGateway): Promise<FrameClient> {
    return new FrameClient(await dial('h2c', portFor('h2c', running)))
  }

  write(...frames: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(frames))
  }

  /** What has come on this stream, once it is over. */
  async over(stream: number): Promise<Answered> {
    await this.frames.first(() => this.answer(stream).ended || this.answer(stream).reset !== null)
    return this.answer(stream)
  }

  answer(stream: number): Answered {
    let answer = this.answers.get(stream)
    if (answer === undefined)
      this.answers.set(stream, (answer = { heads: [], body: '', ended: false, reset: null }))
    return answer
  }

  private read(chunk: Buffer): void {
    let bytes = Buffer.concat([this.rest, chunk])
    while (bytes.length >= 9 && bytes.length >= 9 + bytes.readUIntBE(0, 3)) {
      const end = 9 + bytes.readUIntBE(0, 3)
      this.take({
        type: bytes[3] ?? 0,
        flags: bytes[4] ?? 0,
        stream: bytes.readUInt32BE(5),
        payload: bytes.subarray(9, end),
      })
      bytes = bytes.subarray(end)
    }
    this.rest = bytes
  }

  private take(frame: Frame): void {
    const { type, flags, stream, payload } = frame
    const answer = this.answer(stream)
    if (type === 0) answer.body += payload.toString('latin1')
    if (type === 1) answer.heads.push(this.decode(payload))
    if (type === 3) answer.reset = payload.readUInt32BE(0)
    if (type <= 1 && (flags & 1) !== 0) answer.ended = true
    this.frames.push(frame)
  }

  private decode(block: Buffer): string[] {
    const list: string[] = []
    this.decoder.decode(block, 0, block.length, {
      full: false,
      field: (name, value) => void list.push(name, value),
    })
    return list
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy()
    return Promise.resolve()
  }
}
