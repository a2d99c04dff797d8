import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { CallFailure } from '../calls/failure.ts'
import type { Holding } from '../calls/holding.ts'
import { bodyTooLarge } from '../transport/whole-body.ts'

/** Flags and length: of gRPC (doc/PROTOCOL-HTTP2.md: Length-Prefixed-Message), gRPC-Web and Connect. */
export const PREFIX = 5

/** The message is compressed. */
const COMPRESSED = 1

/** Below this gzip makes no less of a message. */
export const COMPRESSED_FROM_BYTES = 1024

const inflate = promisify(gunzip)

export const zipped: (bytes: Uint8Array) => Promise<Uint8Array> = promisify(gzip)

/** Bytes as they go on the wire. */
export function envelope(flags: number, bytes: Uint8Array): Uint8Array {
  const whole = Buffer.allocUnsafe(PREFIX + bytes.length)
  whole[0] = flags
  whole.writeUInt32BE(bytes.length, 1)
  whole.set(bytes, PREFIX)
  return whole
}

/** A message, compressed where that is wanted and worth it. */
export const messageEnvelope = async (message: Uint8Array, compress: boolean): Promise<Uint8Array> =>
  compress && message.length >= COMPRESSED_FROM_BYTES
    ? envelope(COMPRESSED, await zipped(message))
    : envelope(0, message)

/** What is wrong with a body or a message of it. */
export type EnvelopeFault = 'too_long' | 'cut_short' | 'flags' | 'encoding' | 'unsaid_encoding' | 'broken'

/** How the messages of a body are read. */
export interface Reading {
  /** How long one may be, also when it is inflated. */
  readonly limitBytes: number
  /** How those are encoded that say that they are. */
  readonly encoding: string
  /** Who is told of bytes that wait for the rest of their message; absent: nobody. */
  readonly holding?: Holding
  /** The error of a fault, in the terms of whose body it is. */
  wrong(fault: EnvelopeFault, message: string, cause?: unknown): Error
}

/** Of a backend's answer to this call: what is wrong with it is a CallFailure. */
export const answerReading = (call: string, encoding: string | undefined, limitBytes: number): Reading => ({
  limitBytes,
  encoding: encoding ?? 'identity',
  wrong: (fault, message, cause) =>
    fault === 'too_long'
      ? bodyTooLarge(call, limitBytes)
      : new CallFailure('backend_response_invalid', call, message, { cause }),
})

/** The messages of a body, as they come; fails where it is none, or ends within one. One that says that it is too long is not waited for. */
export async function* messagesOf(
  body: AsyncIterable<Uint8Array>,
  reading: Reading,
): AsyncGenerator<Uint8Array, void> {
  for await (const batch of batchesOf(body, reading)) yield* batch
}

/**
 * The same, those together that a piece of the body has made whole: one at least. One that is compressed comes by itself,
 * and is inflated when those before it have been taken: of what is in a piece it may be a thousand times as much.
 */
export async function* batchesOf(
  body: AsyncIterable<Uint8Array>,
  reading: Reading,
): AsyncGenerator<readonly Uint8Array[], void> {
  const reader = new EnvelopeReader(reading)
  for await (const chunk of body) {
    reader.push(chunk)
    for (;;) {
      const plain = reader.plain()
      if (plain.length > 0) yield plain
      const packed = reader.packed()
      if (packed === null) break
      const message = await unzipped(packed, reading)
      reading.holding?.add(message.length)
      yield [message]
      reading.holding?.add(-message.length)
    }
  }
  reader.end()
}

/** The message of a body that is here already; null where there is none. */
export function onlyMessage(
  body: Uint8Array,
  reading: Reading,
): Uint8Array | Promise<Uint8Array> | 'several' | null {
  const reader = new EnvelopeReader(reading)
  reader.push(body)
  const [first, second] = reader.plain()
  const packed = second === undefined ? reader.packed() : null
  const isMore = first !== undefined && packed !== null
  if (second !== undefined || isMore || reader.plain().length > 0 || reader.packed() !== null)
    return 'several'
  reader.end()
  return first ?? (packed === null ? null : unzipped(packed, reading))
}

/**
 * Tells where each message of a body is that is here already, none of them compressed. Throws what is wrong with one, or with
 * the end of the body, behind those before it.
 */
export function tellMessages(
  all: Uint8Array,
  reading: Reading,
  tell: (start: number, end: number) => void,
): void {
  const body = asBuffer(all)
  let at = 0
  while (at < body.length) {
    const start = at + PREFIX
    const length = lengthAt(body, at, reading)
    if (length === null || start + length > body.length) throw cutShort(reading)
    if (body[at]! > COMPRESSED) throw wrongFlags(reading, body[at]!)
    if (body[at] === COMPRESSED) throw unsaid(reading)
    at = start + length
    tell(start, at)
  }
}

/** Takes a body apart, piece by piece. */
class EnvelopeReader {
  private readonly reading: Reading
  private held: Buffer = nothing
  private at = 0
  /** What came behind it: put together when it makes a message, since a long one comes in hundreds of pieces. */
  private more: Uint8Array[] = []
  private bytes = 0
  private needed = PREFIX

  constructor(reading: Reading) {
    this.reading = reading
  }

  push(chunk: Uint8Array): void {
    const { more, reading } = this
    more.push(chunk)
    this.bytes += chunk.length
    reading.holding?.add(chunk.length)
    if (this.bytes < this.needed) return
    const left = this.held.subarray(this.at)
    this.held =
      left.length === 0 && more.length === 1 ? asBuffer(chunk) : Buffer.concat([left, ...more], this.bytes)
    this.at = 0
    this.more = []
  }

  /** Those that are whole, up to one that is compressed, or wrong: that is told to who asks for what is behind them. */
  plain(): Uint8Array[] {
    const messages: Uint8Array[] = []
    try {
      while (this.isWhole() && this.flags !== COMPRESSED) messages.push(this.take())
    } catch (error) {
      if (messages.length === 0) throw error
    }
    return messages
  }

  /** One that is compressed, where that is the next. */
  packed(): Uint8Array | null {
    return this.isWhole() && this.flags === COMPRESSED ? this.take() : null
  }

  end(): void {
    if (this.bytes > 0) throw cutShort(this.reading)
  }

  private get flags(): number {
    return this.held[this.at]!
  }

  private isWhole(): boolean {
    const { held, at, reading } = this
    if (this.more.length > 0) return false
    const length = lengthAt(held, at, reading)
    this.needed = PREFIX + (length ?? 0)
    if (length === null || held.length - at < this.needed) return false
    if (this.flags > COMPRESSED) throw wrongFlags(reading, this.flags)
    return true
  }

  private take(): Uint8Array {
    const { held, at, needed } = this
    this.at += needed
    this.bytes -= needed
    this.reading.holding?.add(-needed)
    return held.subarray(at + PREFIX, at + needed)
  }
}

const nothing = Buffer.alloc(0)

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** What the prefix says, or null where that is not here yet. */
function lengthAt(held: Buffer, at: number, reading: Reading): number | null {
  if (held.length - at < PREFIX) return null
  const length = held.readUInt32BE(at + 1)
  if (length > reading.limitBytes) throw tooLong(reading)
  return length
}

const tooLong = (reading: Reading): Error =>
  reading.wrong('too_long', `a message is longer than ${reading.limitBytes} bytes`)

/** Throws where messages would be compressed in a way that nobody here knows; whether they are each says itself. */
export function checkEncoding({ encoding, wrong }: Reading): void {
  if (encoding !== 'gzip' && encoding !== 'identity')
    throw wrong('encoding', `the compression ${JSON.stringify(encoding)} is not known: gzip and identity are`)
}

/** A message as it was before it was compressed. Where that is too long it is not made. */
export async function unzipped(message: Uint8Array, reading: Reading): Promise<Uint8Array> {
  checkEncoding(reading)
  const { encoding, limitBytes } = reading
  if (encoding !== 'gzip') throw unsaid(reading)
  try {
    return await inflate(message, { maxOutputLength: limitBytes })
  } catch (cause) {
    if ((cause as { readonly code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE') throw tooLong(reading)
    throw reading.wrong('broken', 'a message is no gzip', cause)
  }
}

const cutShort = (reading: Reading): Error => reading.wrong('cut_short', 'the body ends within a message')

const wrongFlags = (reading: Reading, flags: number): Error =>
  reading.wrong('flags', `the flags of a message are ${flags}`)

const unsaid = (reading: Reading): Error =>
  reading.wrong('unsaid_encoding', 'a message is compressed, and it is not said how')

/** Whether a list of encodings, with or without qualities, has gzip. */
export const takesGzip = (field: string | undefined): boolean =>
  (field ?? '').split(',').some(one => /^\s*gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*$).*)?$/i.test(one))
