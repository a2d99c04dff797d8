import type { Clock } from '../../upstream/clock.ts'
import { nobodysHolding, type Holding } from '../calls/holding.ts'
import { BoundedQueue, SlowClient, type Slow } from './bounded-queue.ts'
import type { Frames, Receiver } from './frames.ts'
import type { Tunnel } from './tunnel.ts'

export interface SocketLimits {
  /** How long a message may be that comes: 1 MiB where it is left out. A longer one closes with 1009. */
  readonly messageBytes?: number
  /** How many messages may have come that nobody has taken; then the other side is not read: 16 where it is left out. */
  readonly messages?: number
  /** After so much silence the other side is asked whether it is there, and given up after as much again: 30,000 where it is left out. */
  readonly pingMs?: number
  /** How long a message may take to be sent: 60,000 where it is left out. */
  readonly stallMs?: number
}

export interface Closed {
  /** Of RFC 6455 §7.4.1; 1006 where the connection was lost, 1005 where none was said. */
  readonly code: number
  readonly reason: string
}

export interface FrameSocketOptions {
  readonly tunnel: Tunnel
  /** Of the client side frames are masked. */
  readonly side: 'client' | 'server'
  readonly frames: Frames
  readonly clock: Clock
  readonly limits: SocketLimits
  readonly slow: Slow<never>
  /** Who is told what waits, in either direction; absent: nobody. */
  readonly holding?: Holding
}

interface Sending {
  readonly opcode: number
  readonly data: Buffer
  readonly done: (sent: boolean) => void
}

const TEXT = 1
const BINARY = 2
const CLOSE = 8
const PING = 9
const PONG = 10

/** How long the other side may take to close as well. */
const CLOSE_MS = 5_000
const STALL_MS = 60_000
/** So much is read at a time, since small messages take a hundred times their bytes. */
const SLICE_BYTES = 4096
const MOST_PARTS = 16_384
/** What a message takes beside its bytes. */
const MESSAGE_BYTES = 64

const codes: Readonly<Record<string, number>> = {
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 1009,
  WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH: 1009,
  WS_ERR_INVALID_UTF8: 1007,
  WS_ERR_TOO_MANY_BUFFERED_PARTS: 1008,
}

/** A WebSocket over a tunnel: messages, both ways with bounds; pings are answered, silence is looked into. */
export class FrameSocket {
  readonly closed: Promise<Closed>
  private readonly options: FrameSocketOptions
  /** Null when it is over, since it has what came of a message. */
  private receiver: Receiver | null
  private readonly come: (string | Uint8Array)[] = []
  private readonly queue: BoundedQueue<Sending>
  private readonly holding: Holding
  /** Of a message that has not come to its end. */
  private partBytes = 0
  private over: Closed | null = null
  private closing: Buffer | null = null
  private closeSent = false
  /** It was closed since the other side took too little. */
  isSlow = false
  private pong: Buffer | null = null
  private writing = false
  private sending: ((sent: boolean) => void) | null = null
  private writingSinceMs: number | null = null
  private heard = true
  private stopTimer: () => void
  private wakeReader: (() => void) | null = null
  private wakeRoom: (() => void) | null = null
  /** To be done with the tunnel when nothing that has come by it is held. */
  private letGo: (() => void) | null = null
  private settle!: (closed: Closed) => void

  constructor(options: FrameSocketOptions) {
    const { frames, limits, side, slow } = options
    this.options = options
    this.holding = options.holding ?? nobodysHolding
    this.queue = new BoundedQueue(
      slow,
      ({ done }) => done(this.over === null && this.closing === null),
      this.holding,
    )
    this.closed = new Promise(resolve => (this.settle = resolve))
    const receiver = (this.receiver = new frames.Receiver({
      isServer: side === 'server',
      maxPayload: limits.messageBytes ?? 1024 * 1024,
      maxFragments: MOST_PARTS,
      maxBufferedChunks: MOST_PARTS,
    }))
    receiver.on('message', (data: Buffer, isBinary: boolean) => this.came(data, isBinary))
    receiver.on('ping', (data: Buffer) => {
      // Of several the last alone (RFC 6455 §5.5.3), so that they cannot pile up.
      this.pong = data
      void this.flush()
    })
    receiver.on('conclude', (code: number, reason: Buffer) => this.concluded(code, reason))
    receiver.on('error', (error: { readonly code?: string }) => this.close(codes[error.code ?? ''] ?? 1002))
    this.stopTimer = this.tick()
    void this.read()
  }

  /** The next message: text, or bytes; null where no more comes. */
  async receive(): Promise<string | Uint8Array | null> {
    for (;;) {
      const one = this.come.shift()
      if (one !== undefined) {
        this.holding.add(-bytesOf(one))
        this.wakeRoom?.()
        this.leave()
        return one
      }
      if (this.over !== null || this.closing !== null) return null
      await new Promise<void>(resolve => (this.wakeReader = resolve))
    }
  }

  /**
   * Settles when it has been written, or lost by the policy. False where the socket is closed, and what is beyond its
   * bound closes it with 1013.
   */
  send(message: string | Uint8Array, of: { readonly data: unknown } | null): Promise<boolean> {
    if (this.over !== null || this.closing !== null) return Promise.resolve(false)
    const data = typeof message === 'string' ? Buffer.from(message) : Buffer.from(message)
    return new Promise(resolve => {
      const sending = { opcode: typeof message === 'string' ? TEXT : BINARY, data, done: resolve }
      if (!this.queue.offer(sending, data.length, of)) {
        this.isSlow = true
        this.queue.clear()
        this.close(1013, new SlowClient().message)
      }
      void this.flush()
    })
  }

  /** What has been sent still goes out. */
  close(code = 1000, reason = ''): void {
    if (this.over !== null || this.closing !== null) return
    this.closing = closeData(code, reason)
    this.wakeReader?.()
    this.wakeRoom?.()
    void this.flush()
    // What waits may take as long as a message may; then the other side is to answer.
    this.giveUpAfter(this.options.limits.stallMs ?? STALL_MS)
  }

  /** The connection is of no use any more, nor is what has come by it and nobody has taken. */
  abort(): void {
    this.lost(1006, '')
    for (const one of this.come.splice(0)) this.holding.add(-bytesOf(one))
    this.leave()
  }

  private came(data: Buffer, isBinary: boolean): void {
    const { partBytes } = this
    this.partBytes = 0
    // Who closes is not read any more, and the other side may go on as long as it likes (RFC 6455 §1.4).
    if (this.closing !== null) return this.holding.add(-partBytes)
    const one = isBinary ? data : data.toString('utf8')
    this.come.push(one)
    this.holding.add(bytesOf(one) - partBytes)
    this.wakeReader?.()
  }

  private async read(): Promise<void> {
    const { limits, tunnel } = this.options
    const { messages = 16 } = limits
    try {
      for await (const chunk of tunnel.incoming) {
        this.heard = true
        for (let at = 0; at < chunk.length && this.over === null; at += SLICE_BYTES) {
          while (this.come.length >= messages && this.over === null && this.closing === null)
            await new Promise<void>(resolve => (this.wakeRoom = resolve))
          const slice = chunk.subarray(at, at + SLICE_BYTES)
          this.partBytes += slice.length
          this.holding.add(slice.length)
          this.receiver?.write(slice)
        }
        if (this.over !== null) break
      }
    } catch {
      // Who reads is told that it was lost.
    }
    this.lost(1006, '')
  }

  private concluded(code: number, reason: Buffer): void {
    const closed = { code, reason: reason.toString('utf8') }
    this.closing ??= code === 1005 ? Buffer.alloc(0) : closeData(code, closed.reason)
    void this.flush().then(() => this.ended(closed, () => this.options.tunnel.end()))
  }

  private async flush(): Promise<void> {
    if (this.writing) return
    this.writing = true
    try {
      while (this.over === null) {
        if (this.pong !== null) {
          const { pong } = this
          this.pong = null
          await this.write(PONG, pong)
        } else if (this.queue.length > 0) {
          const { opcode, data, done } = this.queue.take()!
          this.sending = done
          await this.write(opcode, data)
          this.sending = null
          done(true)
        } else if (this.closing !== null && !this.closeSent) {
          this.closeSent = true
          await this.write(CLOSE, this.closing)
          this.giveUpAfter(CLOSE_MS)
        } else break
      }
    } catch {
      this.lost(1006, '')
    } finally {
      this.writing = false
    }
  }

  private async write(opcode: number, data: Buffer): Promise<void> {
    const { clock, frames, side, tunnel } = this.options
    this.writingSinceMs = clock.now()
    const parts = frames.Sender.frame(data, {
      fin: true,
      opcode,
      mask: side === 'client',
      readOnly: true,
      rsv1: false,
    })
    await tunnel.write(parts.length === 1 ? parts[0]! : Buffer.concat(parts))
    this.writingSinceMs = null
  }

  /** One timer for what is heard and what is written. */
  private tick(): () => void {
    const { clock, limits } = this.options
    const { pingMs = 30_000, stallMs = STALL_MS } = limits
    return clock.after(pingMs, () => {
      const { writingSinceMs } = this
      if (!this.heard || (writingSinceMs !== null && clock.now() - writingSinceMs >= stallMs))
        return this.abort()
      // What has come and nobody takes says that it is there.
      this.heard = this.come.length > 0
      if (writingSinceMs === null) void this.write(PING, Buffer.alloc(0)).catch(() => this.abort())
      this.stopTimer = this.tick()
    })
  }

  private giveUpAfter(ms: number): void {
    this.stopTimer()
    if (this.over === null) this.stopTimer = this.options.clock.after(ms, () => this.abort())
  }

  private lost(code: number, reason: string): void {
    this.ended({ code, reason }, () => this.options.tunnel.abort())
  }

  private ended(closed: Closed, end: () => void): void {
    if (this.over !== null) return
    this.over = closed
    this.stopTimer()
    this.queue.clear()
    this.sending?.(false)
    this.receiver = null
    // A client's share has what has come as long as there is a tunnel.
    this.letGo = end
    this.leave()
    this.settle(closed)
    this.wakeReader?.()
    this.wakeRoom?.()
  }

  private leave(): void {
    if (this.options.side === 'server' && this.come.length > 0) return
    this.letGo?.()
    this.letGo = null
  }
}

/** What a message takes that waits. */
function bytesOf(one: string | Uint8Array): number {
  return MESSAGE_BYTES + (typeof one === 'string' ? Buffer.byteLength(one) : one.length)
}

function closeData(code: number, reason: string): Buffer {
  const text = Buffer.from(reason)
  // Of a control frame 125 bytes at most (RFC 6455 §5.5), of which two are the code.
  const whole =
    text.length <= 123
      ? text
      : Buffer.from(
          text
            .subarray(0, 123)
            .toString('utf8')
            .replace(/\ufffd+$/, ''),
        )
  const data = Buffer.alloc(2 + whole.length)
  data.writeUInt16BE(code, 0)
  whole.copy(data, 2)
  return data
}
