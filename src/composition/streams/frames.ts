import type { EventEmitter } from 'node:events'

/** What of `ws` is used: it has these, its types have not. */
interface ReceiverOptions {
  readonly isServer: boolean
  readonly maxPayload: number
  readonly maxFragments: number
  readonly maxBufferedChunks: number
}

export interface Receiver extends EventEmitter {
  write(bytes: Uint8Array): boolean
}

interface FrameOptions {
  readonly fin: true
  readonly opcode: number
  readonly mask: boolean
  readonly readOnly: true
  readonly rsv1: false
}

export interface Frames {
  readonly Receiver: new (options: ReceiverOptions) => Receiver
  readonly Sender: { frame(data: Buffer, options: FrameOptions): readonly Buffer[] }
}

let loading: Promise<Frames> | null = null

/** Reads and writes frames of WebSockets (RFC 6455 §5). Loaded when the first is opened. */
export const framesOfWs = (): Promise<Frames> =>
  (loading ??= import('ws').then(module => module as unknown as Frames))
