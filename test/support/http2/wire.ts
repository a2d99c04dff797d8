import { FRAME_BYTES, PREFACE } from '../../../src/http/h2/codes.ts'
import type { Transport } from '../../../src/http/h2/frame-output.ts'

/** Frames by hand: nothing here uses the codec's own writer or compression. */
export function frame(type: number, flags: number, stream: number, payload: Buffer | string = ''): Buffer {
  const body = typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload
  const head = Buffer.alloc(9)
  head.writeUIntBE(body.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, body])
}

export const u32 = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4)
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value, i * 4)
  return bytes
}

export const END_STREAM = 1
export const ACK = 1
export const END_HEADERS = 4
export const PADDED = 8
export const PRIORITISED = 32
/** END_STREAM and END_HEADERS. */
export const WHOLE = 5

export const data = (stream: number, payload: Buffer | string, flags = 0): Buffer =>
  frame(0, flags, stream, payload)
export const headers = (stream: number, fields: Buffer, flags = WHOLE): Buffer =>
  frame(1, flags, stream, fields)
export const priority = (stream: number, parent: number): Buffer =>
  frame(2, 0, stream, Buffer.concat([u32(parent), Buffer.from([15])]))
export const rst = (stream: number, code: number): Buffer => frame(3, 0, stream, u32(code))
export const settings = (...pairs: [id: number, value: number][]): Buffer =>
  frame(
    4,
    0,
    0,
    Buffer.concat(pairs.map(([id, value]) => Buffer.concat([Buffer.from([id >> 8, id & 255]), u32(value)]))),
  )
export const settingsAck = frame(4, ACK, 0)
export const ping = (payload = '12345678', flags = 0): Buffer => frame(6, flags, 0, payload)
export const goaway = (last: number, code: number): Buffer => frame(7, 0, 0, u32(last, code))
export const windowUpdate = (stream: number, increment: number): Buffer => frame(8, 0, stream, u32(increment))
export const continuation = (stream: number, fields: Buffer, flags = END_HEADERS): Buffer =>
  frame(9, flags, stream, fields)

/** A field block in as many frames as it needs; END_STREAM is with the first. */
export function headFrames(stream: number, fields: Buffer): Buffer[] {
  const last = (at: number): number => (at + FRAME_BYTES >= fields.length ? END_HEADERS : 0)
  const frames = [headers(stream, fields.subarray(0, FRAME_BYTES), END_STREAM | last(0))]
  for (let at = FRAME_BYTES; at < fields.length; at += FRAME_BYTES)
    frames.push(continuation(stream, fields.subarray(at, at + FRAME_BYTES), last(at)))
  return frames
}

/** A field block of literals that are not indexed, without Huffman; `fields` is name, value, name, value … */
export function block(...fields: readonly string[]): Buffer {
  const parts: Buffer[] = []
  for (let i = 0; i < fields.length; i += 2)
    parts.push(Buffer.from([0]), text(fields[i] ?? ''), text(fields[i + 1] ?? ''))
  return Buffer.concat(parts)
}

const codeName = (payload: Buffer, at: number): string => codeNames[payload.readUInt32BE(at)] ?? 'UNKNOWN'

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1')
  const length = bytes.length < 127 ? [bytes.length] : [127, ...varint(bytes.length - 127)]
  return Buffer.concat([Buffer.from(length), bytes])
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)]
}

export const GET = [':method', 'GET', ':scheme', 'http', ':path', '/', ':authority', 'a.example'] as const
export const POST = [':method', 'POST', ':scheme', 'http', ':path', '/', ':authority', 'a.example'] as const
export const get = (...more: string[]): Buffer => block(...GET, ...more)
export const post = (...more: string[]): Buffer => block(...POST, ...more)

/** What a client says first. */
export const hello = Buffer.concat([PREFACE, settings(), settingsAck])

export interface Frame {
  readonly type: number
  readonly flags: number
  readonly stream: number
  readonly payload: Buffer
}

export function parseFrames(bytes: Buffer): Frame[] {
  const frames: Frame[] = []
  let at = 0
  while (at < bytes.length) {
    const length = bytes.readUIntBE(at, 3)
    const end = at + 9 + length
    if (end > bytes.length) throw new Error('the output ends within a frame')
    frames.push({
      type: bytes[at + 3] ?? 0,
      flags: bytes[at + 4] ?? 0,
      stream: bytes.readUInt32BE(at + 5),
      payload: bytes.subarray(at + 9, end),
    })
    at = end
  }
  return frames
}

const codeNames = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
]

/** The frames that matter to most tests, as text: what became of streams and of the connection. */
export function describe(frame_: Frame): string {
  const { type, flags, stream, payload } = frame_
  const end = (flags & END_STREAM) !== 0 ? ' END' : ''
  switch (type) {
    case 0:
      return `DATA ${stream} ${payload.length}${end}`
    case 1:
      return `HEADERS ${stream}${end}`
    case 3:
      return `RST ${stream} ${codeName(payload, 0)}`
    case 4:
      return end === '' ? 'SETTINGS' : 'SETTINGS ACK'
    case 6:
      return end === '' ? `PING ${payload.toString('latin1')}` : `PONG ${payload.toString('latin1')}`
    case 7:
      return `GOAWAY ${payload.readUInt32BE(0)} ${codeName(payload, 4)}`
    case 8:
      return `WINDOW ${stream} ${payload.readUInt32BE(0)}`
    default:
      return `type ${type} ${stream}`
  }
}

/** A transport that keeps what is written, and can be as slow as a test wants. */
export class Recorder implements Transport {
  /** The peer takes nothing more: `flush` says so. */
  slow = false
  ended = false
  destroyed = false
  paused = false
  readonly heldBytes = 0
  /** Calls of `flush` that had something to send: system calls, on a socket. */
  sends = 0
  private parts: Buffer[] = []
  private fresh = false

  write(bytes: Buffer): void {
    // A copy, as a socket makes one: the memory is written again.
    this.parts.push(Buffer.from(bytes))
    this.fresh = true
  }

  flush(): boolean {
    if (this.fresh) this.sends++
    this.fresh = false
    return !this.slow
  }

  end(): void {
    this.ended = true
  }

  destroy(): void {
    this.destroyed = true
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
  }

  /** What was written since the last call. */
  take(): Buffer {
    const bytes = Buffer.concat(this.parts)
    this.parts = []
    return bytes
  }

  frames(): Frame[] {
    return parseFrames(this.take())
  }

  /** The frames since the last call, without those that every connection has. */
  said(): string[] {
    return this.frames()
      .map(describe)
      .filter(line => !/^SETTINGS|^WINDOW 0 983041$/.test(line))
  }
}
