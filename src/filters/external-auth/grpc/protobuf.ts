/**
 * As much of Protocol Buffers as the messages of Envoy's ext_authz need: varints, texts, bytes and messages in one
 * another (https://protobuf.dev/programming-guides/encoding/).
 */
const VARINT = 0
const I64 = 1
const LEN = 2
const I32 = 5

/** A message that is being written. Fields that have their default are left out, as proto3 does. */
export class Message {
  private readonly pieces: Buffer[] = []

  number(field: number, value: number): this {
    if (value !== 0) this.pieces.push(varint(field * 8 + VARINT), varint(value))
    return this
  }

  text(field: number, value: string): this {
    return this.bytes(field, Buffer.from(value))
  }

  bytes(field: number, value: Buffer): this {
    return value.length === 0 ? this : this.piece(field, value)
  }

  /** Is there also where it is empty. */
  message(field: number, value: Message): this {
    return this.piece(field, value.end())
  }

  end(): Buffer {
    return Buffer.concat(this.pieces)
  }

  private piece(field: number, value: Buffer): this {
    this.pieces.push(varint(field * 8 + LEN), varint(value.length), value)
    return this
  }
}

/** Of a whole number from 0 to 2^53 - 1. */
function varint(value: number): Buffer {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest])
    bytes.push((rest % 128) | 128)
  }
}

/** What is no message as it should be. */
export class MalformedMessage extends Error {}

/** Fields of a message by number, in the order in which they come: numbers, or the bytes of texts and messages. */
export class MessageFields {
  private readonly all = new Map<number, (number | Buffer)[]>()

  /** Throws Malformed. */
  constructor(bytes: Buffer) {
    const reader = new Reader(bytes)
    while (!reader.done) {
      const { field, value } = reader.next()
      if (value !== null) this.all.set(field, [...(this.all.get(field) ?? []), value])
    }
  }

  has(field: number): boolean {
    return this.all.has(field)
  }

  /** Of several the last counts. */
  number(field: number): number {
    const value = this.all.get(field)?.at(-1) ?? 0
    if (typeof value !== 'number') throw new MalformedMessage(`field ${field} is no number`)
    return value
  }

  text(field: number): string {
    return this.bytes(field).toString()
  }

  bytes(field: number): Buffer {
    return this.list(field).at(-1) ?? Buffer.alloc(0)
  }

  list(field: number): Buffer[] {
    return (this.all.get(field) ?? []).map(value => {
      if (typeof value === 'number') throw new MalformedMessage(`field ${field} is a number`)
      return value
    })
  }

  message(field: number): MessageFields {
    // What comes in several pieces is one message, field for field ("merge").
    return new MessageFields(Buffer.concat(this.list(field)))
  }

  messages(field: number): MessageFields[] {
    return this.list(field).map(bytes => new MessageFields(bytes))
  }
}

class Reader {
  private readonly bytes: Buffer
  private at = 0

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  get done(): boolean {
    return this.at === this.bytes.length
  }

  /** `value` is null for types that none of our messages has. */
  next(): { readonly field: number; readonly value: number | Buffer | null } {
    const tag = this.varint()
    const field = Math.floor(tag / 8)
    if (field === 0) throw new MalformedMessage('a field without number')
    switch (tag % 8) {
      case VARINT:
        return { field, value: this.varint() }
      case LEN:
        return { field, value: this.take(this.varint()) }
      case I64:
        this.take(8)
        return { field, value: null }
      case I32:
        this.take(4)
        return { field, value: null }
      default:
        throw new MalformedMessage(`a field of type ${tag % 8}`)
    }
  }

  /** Beyond 2^53 not exact: no number of ours is that large, and negative ones are no code that is known. */
  private varint(): number {
    let value = 0
    for (let shift = 0; shift < 10; shift++) {
      const byte = this.bytes[this.at++]
      if (byte === undefined) throw new MalformedMessage('a number that ends early')
      value += (byte & 127) * 128 ** shift
      if (byte < 128) return value
    }
    throw new MalformedMessage('a number of more than ten bytes')
  }

  private take(length: number): Buffer {
    const end = this.at + length
    if (end > this.bytes.length) throw new MalformedMessage('a field that ends early')
    const taken = this.bytes.subarray(this.at, end)
    this.at = end
    return taken
  }
}
