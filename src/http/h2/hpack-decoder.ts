import { BAD_VALUE, isLateField, nameKind, valueKind } from './field-kinds.ts'
import { FieldTable } from './field-table.ts'
import { huffmanDecode } from './huffman.ts'
import { STATIC_COUNT, staticNames, staticValues } from './static-table.ts'

/** Takes the fields of a block in their order. Names and values are latin1; `kind` is of field-kinds.ts. */
export interface FieldSink {
  /** It takes no more but Content-Type: other fields are read on only as far as the compression state needs them. */
  readonly full: boolean
  field(name: string, value: string, kind: number): void
}

/** Above this no length or index of ours can be right: four continuation bytes and no overflow (RFC 7541 §5.1). */
const MAX_SHIFT = 28

/** "content-type", which is shorter in Huffman's code. */
const LATE_NAME_BYTES = 12

const staticKinds = staticNames.map((name, i) => (i === 0 ? 0 : nameKind(name)))

/** Where Huffman strings are decoded; shared, since what is decoded becomes a string at once. */
let scratch = Buffer.allocUnsafeSlow(16 * 1024)

/**
 * Decodes the field blocks of one connection (RFC 7541). Its dynamic table is
 * bounded by what our SETTINGS_HEADER_TABLE_SIZE has promised the peer.
 */
export class HpackDecoder {
  private readonly table: FieldTable
  /** The largest table that the peer may choose. */
  private limitBytes: number
  /** We have lowered the limit, and the next block must begin by following (RFC 7541 §4.2). */
  private mustShrink = false
  // Where the last integer or string ended, and where the string's bytes are.
  private at = 0
  private from: Buffer = scratch
  private start = 0
  private end = 0

  /** A peer begins with 4096 (RFC 9113 §6.5.2), whatever we allow later. */
  constructor(limitBytes = 4096) {
    this.limitBytes = limitBytes
    this.table = new FieldTable(limitBytes)
  }

  /** Entries and bytes of the dynamic table. */
  get tableCount(): number {
    return this.table.count
  }

  get tableBytes(): number {
    return this.table.bytes
  }

  /** Our SETTINGS_HEADER_TABLE_SIZE, once the peer has acknowledged it. */
  allow(limitBytes: number): void {
    if (limitBytes < this.table.limit) this.mustShrink = true
    this.limitBytes = limitBytes
  }

  /** Decodes block[start, end), a whole field block. False where it is malformed: COMPRESSION_ERROR for the connection. */
  decode(block: Buffer, start: number, end: number, sink: FieldSink): boolean {
    this.at = start
    if (!this.readUpdates(block, end)) return false
    while (this.at < end) {
      const c = block[this.at]!
      if (c >= 0x80) {
        if (!this.readIndexed(block, end, sink)) return false
      } else if (c >= 0x40) {
        if (!this.readLiteral(block, end, 6, true, sink)) return false
      } else if (c >= 0x20 || !this.readLiteral(block, end, 4, false, sink)) return false
    }
    return true
  }

  // RFC 7541 §4.2: size updates stand before the first field. Two are enough for every change between two blocks.
  private readUpdates(block: Buffer, end: number): boolean {
    for (let updates = 0; this.at < end && block[this.at]! >> 5 === 1; updates++) {
      const size = this.readInteger(block, end, 5)
      if (size < 0 || size > this.limitBytes || updates === 2) return false
      this.table.resize(size)
      this.mustShrink = false
    }
    return !this.mustShrink
  }

  private readIndexed(block: Buffer, end: number, sink: FieldSink): boolean {
    let index = block[this.at]! & 127
    if (index < 127) this.at++
    else if ((index = this.readInteger(block, end, 7)) < 0) return false
    if (index <= STATIC_COUNT) {
      if (index === 0) return false
      give(sink, staticNames[index]!, staticValues[index]!, staticKinds[index]!)
      return true
    }
    const { table } = this
    index -= STATIC_COUNT + 1
    if (index >= table.count) return false
    give(sink, table.name(index), table.value(index), table.kind(index))
    return true
  }

  private readLiteral(
    block: Buffer,
    end: number,
    prefix: number,
    indexing: boolean,
    sink: FieldSink,
  ): boolean {
    const index = this.readInteger(block, end, prefix)
    if (index < 0) return false
    let skip = !indexing && sink.full
    let name = ''
    let kind = 0
    if (index === 0) {
      // The length is looked at first: no other name is worth the decoding any more.
      const looked = !skip || (block[this.at]! & 127) <= LATE_NAME_BYTES
      if (!this.readString(block, end, !looked)) return false
      if (looked) {
        name = this.from.toString('latin1', this.start, this.end)
        kind = nameKind(name)
      }
    } else if (index <= STATIC_COUNT) {
      name = staticNames[index]!
      kind = staticKinds[index]!
    } else {
      const at = index - STATIC_COUNT - 1
      if (at >= this.table.count) return false
      name = this.table.name(at)
      // The flag is of the value that the entry had.
      kind = this.table.kind(at) & BUT_VALUE
    }
    skip &&= !isLateField(kind)
    if (!this.readString(block, end, skip)) return false
    if (skip) return true
    const value = this.from.toString('latin1', this.start, this.end)
    kind |= valueKind(this.from, this.start, this.end)
    if (indexing) this.table.insert(name, value, kind)
    give(sink, name, value, kind)
    return true
  }

  /** RFC 7541 §5.1. Returns -1 where it is cut off or too large. */
  private readInteger(block: Buffer, end: number, prefix: number): number {
    const most = (1 << prefix) - 1
    let value = block[this.at++]! & most
    if (value < most) return value
    for (let shift = 0; this.at < end; shift += 7) {
      const c = block[this.at++]!
      if (shift >= MAX_SHIFT) return -1
      value += (c & 127) << shift
      if (c < 128) return value
    }
    return -1
  }

  /** RFC 7541 §5.2. `skip` passes over the bytes. */
  private readString(block: Buffer, end: number, skip: boolean): boolean {
    if (this.at >= end) return false
    const huffman = block[this.at]! >= 128
    const length = this.readInteger(block, end, 7)
    if (length < 0 || length > end - this.at) return false
    const start = this.at
    this.at += length
    if (skip) return true
    if (!huffman) {
      this.from = block
      this.start = start
      this.end = this.at
      return true
    }
    // The shortest code has five bits.
    if (length * 2 > scratch.length) scratch = Buffer.allocUnsafeSlow(length * 2)
    const decoded = huffmanDecode(block, start, this.at, scratch)
    this.from = scratch
    this.start = 0
    this.end = decoded
    return decoded >= 0
  }
}

const BUT_VALUE = ~BAD_VALUE

function give(sink: FieldSink, name: string, value: string, kind: number): void {
  if (!sink.full || isLateField(kind)) sink.field(name, value, kind)
}
