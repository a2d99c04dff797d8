import { HpackDecoder } from '../../src/http/h2/hpack-decoder.ts'
import type { TestGateway } from './gateway.ts'
import { RawHttp2Client } from './raw-http2.ts'
import { portFor } from './wires.ts'

/** A stream's answer as far as it has come; heads and trailers as name, value, name, value … */
export interface Answered {
  readonly heads: (readonly string[])[]
  body: string
  ended: boolean
  /** Code of the RST_STREAM that came. */
  reset: number | null
}

/** A client that writes frames as they are, on one plain connection to the gateway, and reads answers. */
export class FrameClient implements AsyncDisposable {
  private readonly raw: RawHttp2Client
  private readonly decoder = new HpackDecoder()
  private readonly answers = new Map<number, Answered>()
  /** Frames that have been read into answers. */
  private taken = 0

  private constructor(raw: RawHttp2Client) {
    this.raw = raw
  }

  static async to(running: TestGateway): Promise<FrameClient> {
    return new FrameClient(await RawHttp2Client.to(portFor('h2c', running)))
  }

  write(...frames: readonly Buffer[]): void {
    this.raw.says(...frames)
  }

  /** What has come on this stream, once it is over. */
  async over(stream: number): Promise<Answered> {
    const answer = this.answer(stream)
    await this.raw.until(() => {
      this.take()
      return answer.ended || answer.reset !== null
    })
    return answer
  }

  private answer(stream: number): Answered {
    let answer = this.answers.get(stream)
    if (answer === undefined)
      this.answers.set(stream, (answer = { heads: [], body: '', ended: false, reset: null }))
    return answer
  }

  private take(): void {
    const { frames } = this.raw
    for (; this.taken < frames.length; this.taken++) {
      const { type, flags, stream, payload } = frames[this.taken]!
      const answer = this.answer(stream)
      if (type === 0) answer.body += payload.toString('latin1')
      if (type === 1) answer.heads.push(this.decode(payload))
      if (type === 3) answer.reset = payload.readUInt32BE(0)
      if (type <= 1 && (flags & 1) !== 0) answer.ended = true
    }
  }

  private decode(block: Buffer): string[] {
    const list: string[] = []
    this.decoder.decode(block, 0, block.length, {
      full: false,
      field: (name, value) => void list.push(name, value),
    })
    return list
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.raw[Symbol.asyncDispose]()
  }
}
