/** What no serializer makes of a message, and what is broken: thrown to have it read by who knows what to make of it. */
export const irregular = new Error('a message is encoded as no serializer does it')

/** By byte: 1 where it stands for itself in a string of JSON. */
const PLAIN = new Uint8Array(256).map((_, byte) =>
  byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c ? 1 : 0,
)

/** So much is read as text at once, and what is short is a part of that: cheaper than to read each. */
const WINDOW_BYTES = 4 * 1024
const SHORT_BYTES = 512

const double = new Float64Array(1)
const float = new Float32Array(double.buffer)
const scratch = new Uint8Array(double.buffer)

/**
 * Messages in the binary form (https://protobuf.dev/programming-guides/encoding/), from which values are taken as texts
 * of JSON, one after another.
 */
export class MessageInput {
  /** Where the next value is, and where the message ends that is read. */
  at = 0
  end: number
  /** How deep that is in others. */
  depth = 0
  readonly bytes: Buffer
  private window = ''
  private windowStart = 0
  private low = 0
  private high = 0

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.end = bytes.length
  }

  /** The lower 32 bits of a varint, unsigned. */
  uint32(): number {
    const { bytes } = this
    const first = bytes[this.at]!
    if (first < 0x80) {
      this.at++
      return first
    }
    let value = 0
    for (let i = 0; i < 10; i++) {
      const byte = bytes[this.at++]!
      if (i < 5) value |= (byte & 0x7f) << (7 * i)
      if (byte < 0x80) return value >>> 0
    }
    throw irregular
  }

  /** The number of a field, and behind it, in three bits, how its value is encoded. */
  tag(): number {
    const { at } = this
    const tag = this.uint32()
    const length = this.at - at
    if (length > 5 || (length === 5 && this.bytes[this.at - 1]! > 0x0f)) throw irregular
    return tag
  }

  /** Of what has a length, that is taken: where it ends. */
  stop(): number {
    const length = this.uint32()
    const stop = this.at + length
    if (stop > this.end) throw irregular
    return stop
  }

  /** Begins a message that is in this one; gives where this one ends, for `leave`. */
  enter(): number {
    const { end } = this
    this.end = this.stop()
    return end
  }

  /** All of it has been taken. */
  leave(outer: number): void {
    if (this.at !== this.end) throw irregular
    this.end = outer
  }

  /** Goes past a value; groups are irregular. */
  skip(wireType: number): void {
    if (wireType === 0) while (this.bytes[this.at++]! >= 0x80);
    else if (wireType === 1) this.at += 8
    else if (wireType === 2) this.at = this.stop()
    else if (wireType === 5) this.at += 4
    else throw irregular
    if (this.at > this.end) throw irregular
  }

  /** What is from here to there. */
  until(stop: number): Buffer {
    const { at } = this
    this.at = stop
    return this.bytes.subarray(at, stop)
  }

  // Values as JSON.

  boolText(): string {
    const byte = this.bytes[this.at++]!
    if (byte > 1) throw irregular
    return byte === 1 ? 'true' : 'false'
  }

  int32(): number {
    return this.uint32() | 0
  }

  int32Text(): string {
    return String(this.int32())
  }

  uint32Text(): string {
    return String(this.uint32())
  }

  sint32Text(): string {
    const value = this.uint32()
    return String((value >>> 1) ^ -(value & 1))
  }

  fixed32Text(): string {
    return String(this.fixed32() >>> 0)
  }

  sfixed32Text(): string {
    return String(this.fixed32())
  }

  int64(): number | bigint {
    this.varint64()
    return signed(this.low, this.high)
  }

  int64Text(): string {
    return `"${this.int64()}"`
  }

  uint64Text(): string {
    this.varint64()
    return `"${unsigned(this.low, this.high)}"`
  }

  sint64Text(): string {
    this.varint64()
    const { low, high } = this
    const sign = -(low & 1)
    return `"${signed(((low >>> 1) | (high << 31)) ^ sign, (high >>> 1) ^ sign)}"`
  }

  fixed64Text(): string {
    const low = this.fixed32()
    return `"${unsigned(low, this.fixed32())}"`
  }

  sfixed64Text(): string {
    const low = this.fixed32()
    return `"${signed(low, this.fixed32())}"`
  }

  floatText(): string {
    this.copy(4)
    return numberText(float[0]!)
  }

  doubleText(): string {
    this.copy(8)
    return numberText(double[0]!)
  }

  stringText(): string {
    const stop = this.stop()
    const { bytes, at } = this
    this.at = stop
    let i = at
    while (i < stop && PLAIN[bytes[i]!] === 1) i++
    if (i === stop) return `"${this.latin1(at, stop)}"`
    const text = bytes.toString('utf8', at, stop)
    // It may be what stands for bytes that are no UTF-8: whether they may be there depends on the field.
    if (text.includes('\ufffd')) throw irregular
    return JSON.stringify(text)
  }

  bytesText(): string {
    const stop = this.stop()
    const { bytes, at } = this
    this.at = stop
    return `"${bytes.toString('base64', at, stop)}"`
  }

  private latin1(start: number, stop: number): string {
    const { bytes } = this
    if (stop - start > SHORT_BYTES) return bytes.toString('latin1', start, stop)
    if (start < this.windowStart || stop > this.windowStart + this.window.length) {
      this.window = bytes.toString('latin1', start, start + WINDOW_BYTES)
      this.windowStart = start
    }
    return this.window.substring(start - this.windowStart, stop - this.windowStart)
  }

  private fixed32(): number {
    const { bytes, at } = this
    this.at += 4
    return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
  }

  private copy(length: number): void {
    const { bytes, at } = this
    this.at += length
    for (let i = 0; i < length; i++) scratch[i] = bytes[at + i]!
  }

  private varint64(): void {
    const { bytes } = this
    let low = 0
    let high = 0
    for (let i = 0; i < 10; i++) {
      const byte = bytes[this.at++]!
      const bits = byte & 0x7f
      if (i < 4) low |= bits << (7 * i)
      else if (i === 4) {
        low |= bits << 28
        high = bits >>> 4
      } else high |= bits << (7 * i - 32)
      if (byte >= 0x80) continue
      this.low = low
      this.high = high
      return
    }
    throw irregular
  }
}

/** So much of the higher half is a number that is exact. */
const EXACT = 0x20_0000

function signed(low: number, high: number): number | bigint {
  return high >= -EXACT && high < EXACT
    ? high * 0x1_0000_0000 + (low >>> 0)
    : (BigInt(high) << 32n) | BigInt(low >>> 0)
}

function unsigned(low: number, high: number): number | bigint {
  const above = high >>> 0
  return above < EXACT ? above * 0x1_0000_0000 + (low >>> 0) : (BigInt(above) << 32n) | BigInt(low >>> 0)
}

/** What is no number in JSON is a string. */
const numberText = (value: number): string =>
  Number.isFinite(value) ? (Object.is(value, -0) ? '-0' : String(value)) : `"${value}"`
