import { huffmanEncode, huffmanLength } from './huffman.ts'
import { DROP, INDEX, NEVER, nameInfo, type NameInfo } from './names.ts'
import { STATIC_COUNT, staticValues } from './static-table.ts'
import { ENTRY_OVERHEAD } from './field-table.ts'

/** Bytes that a field may need beyond its characters: two lengths and an index. */
export const FIELD_OVERHEAD = 12
/** What two table size updates need. */
export const BLOCK_OVERHEAD = 8

const TABLE_BYTES = 4096
const MAX_ENTRIES = TABLE_BYTES / ENTRY_OVERHEAD
/** Values remembered of one name, and names of one connection. */
const VALUES = 4
const MAX_SLOTS = 64
/** Longer values are not worth an entry: a quarter of the table. */
const MAX_VALUE = 512

/** What one connection remembers of a name: the values that are in the table, and hashes of those lately seen. */
class Slot {
  readonly values = ['', '', '', '']
  /** Number of the insertion; 0 is none. */
  readonly insertions = [0, 0, 0, 0]
  readonly seen = [0, 0, 0, 0]
  nextValue = 0
  nextSeen = 0
}

/**
 * Encodes the field blocks of one connection (RFC 7541). A field enters the
 * dynamic table when its value is met a second time among the last few of its
 * name: what repeats (server, content-type, the date within its second) is one
 * byte from then on, and what does not never pushes it out. Literals are sent
 * as they are, table entries with Huffman: the latter is paid for once.
 *
 * The caller makes sure that `out` has room: BLOCK_OVERHEAD, and for each field
 * its characters and FIELD_OVERHEAD.
 */
export class HpackEncoder {
  private readonly slots: (Slot | undefined)[] = []
  private slotCount = 0
  private limitBytes = TABLE_BYTES
  private bytes = 0
  /** Entries in the table, and insertions ever made. */
  private count = 0
  private inserted = 0
  private readonly sizes = new Uint16Array(MAX_ENTRIES)
  /** The smallest limit since the last block, where an update must be sent (RFC 7541 §4.2); -1 is none. */
  private lowestLimit = -1

  get tableBytes(): number {
    return this.bytes
  }

  /** The peer's SETTINGS_HEADER_TABLE_SIZE. More than 4096 is not made use of. */
  limit(peerBytes: number): void {
    const limitBytes = Math.min(peerBytes, TABLE_BYTES)
    if (limitBytes === this.limitBytes) return
    this.limitBytes = limitBytes
    this.lowestLimit = this.lowestLimit === -1 ? limitBytes : Math.min(this.lowestLimit, limitBytes)
    this.evict(limitBytes)
  }

  /** Begins a block. */
  begin(out: Buffer, at: number): number {
    if (this.lowestLimit === -1) return at
    let next = at
    if (this.lowestLimit < this.limitBytes) next = writeInteger(out, next, 0x20, 5, this.lowestLimit)
    this.lowestLimit = -1
    return writeInteger(out, next, 0x20, 5, this.limitBytes)
  }

  /** An entry of the static table. */
  indexed(out: Buffer, at: number, index: number): number {
    out[at] = 0x80 | index
    return at + 1
  }

  /** A field; its name, in any case, goes out in lower case, connection-specific ones not at all. */
  field(out: Buffer, at: number, name: string, value: string): number {
    const info = nameInfo(name)
    if (info.policy === INDEX) return this.indexable(out, at, info, value)
    if (info.policy === DROP) return at
    return writeLiteral(out, at, info.policy === NEVER ? 0x10 : 0, 4, info.index, info.lower, value)
  }

  private indexable(out: Buffer, at: number, info: NameInfo, value: string): number {
    if (info.index !== 0 && value !== '' && staticValues[info.index] === value)
      return this.indexed(out, at, info.index)
    const slot = this.slots[info.id] ?? this.newSlot(info)
    if (slot === undefined) return writeLiteral(out, at, 0, 4, info.index, info.lower, value)
    const { values, insertions } = slot
    for (let i = 0; i < VALUES; i++)
      if (values[i] === value && this.isLive(insertions[i]!))
        return writeInteger(out, at, 0x80, 7, this.indexOf(insertions[i]!))
    const nameIndex = info.index !== 0 ? info.index : this.liveName(slot)
    if (!this.worthIndexing(slot, info, value))
      return writeLiteral(out, at, 0, 4, nameIndex, info.lower, value)
    const next = writeEntry(out, at, nameIndex, info.lower, value)
    this.insert(slot, info, value)
    return next
  }

  private newSlot(info: NameInfo): Slot | undefined {
    if (info.id === -1 || this.slotCount === MAX_SLOTS) return undefined
    this.slotCount++
    const slot = new Slot()
    this.slots[info.id] = slot
    return slot
  }

  private isLive(insertion: number): boolean {
    return insertion > this.inserted - this.count
  }

  private indexOf(insertion: number): number {
    return STATIC_COUNT + 1 + this.inserted - insertion
  }

  private liveName(slot: Slot): number {
    const last = slot.insertions[(slot.nextValue + VALUES - 1) % VALUES]!
    return this.isLive(last) ? this.indexOf(last) : 0
  }

  /** Whether this value was among the last few of its name. Hashes, since kept strings could hold whole heads in memory. */
  private worthIndexing(slot: Slot, info: NameInfo, value: string): boolean {
    if (value.length > MAX_VALUE || value.length + info.lower.length + ENTRY_OVERHEAD > this.limitBytes)
      return false
    const hash = hashOf(value)
    const { seen } = slot
    for (let i = 0; i < VALUES; i++) if (seen[i] === hash) return true
    seen[slot.nextSeen] = hash
    slot.nextSeen = (slot.nextSeen + 1) % VALUES
    return false
  }

  private insert(slot: Slot, info: NameInfo, value: string): void {
    const bytes = info.lower.length + value.length + ENTRY_OVERHEAD
    this.evict(this.limitBytes - bytes)
    this.inserted++
    this.count++
    this.bytes += bytes
    this.sizes[this.inserted % MAX_ENTRIES] = bytes
    // A copy: the value may be a slice of a head.
    slot.values[slot.nextValue] = Buffer.from(value, 'latin1').toString('latin1')
    slot.insertions[slot.nextValue] = this.inserted
    slot.nextValue = (slot.nextValue + 1) % VALUES
  }

  private evict(toBytes: number): void {
    while (this.bytes > toBytes && this.count > 0) {
      this.bytes -= this.sizes[(this.inserted - this.count + 1) % MAX_ENTRIES]!
      this.count--
    }
  }
}

/** Not 0, which marks a free place. A collision costs an entry that is not needed, no more. */
function hashOf(text: string): number {
  let hash = text.length
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
  return hash === 0 ? 1 : hash
}

/** Literal with incremental indexing (RFC 7541 §6.2.1), strings in Huffman where that is shorter. */
function writeEntry(out: Buffer, at: number, nameIndex: number, name: string, value: string): number {
  let next = writeInteger(out, at, 0x40, 6, nameIndex)
  if (nameIndex === 0) next = writeShort(out, next, name)
  return writeShort(out, next, value)
}

/** Literal without indexing (§6.2.2), or never indexed (§6.2.3). */
function writeLiteral(
  out: Buffer,
  at: number,
  pattern: number,
  prefix: number,
  nameIndex: number,
  name: string,
  value: string,
): number {
  let next = writeInteger(out, at, pattern, prefix, nameIndex)
  if (nameIndex === 0) next = writeRaw(out, next, name)
  return writeRaw(out, next, value)
}

function writeShort(out: Buffer, at: number, text: string): number {
  const length = huffmanLength(text)
  return length < text.length
    ? huffmanEncode(text, out, writeInteger(out, at, 0x80, 7, length))
    : writeRaw(out, at, text)
}

function writeRaw(out: Buffer, at: number, text: string): number {
  const { length } = text
  const next = writeInteger(out, at, 0, 7, length)
  // Below this a loop is faster than a call out of the engine (measured).
  if (length < 24) for (let i = 0; i < length; i++) out[next + i] = text.charCodeAt(i)
  else out.write(text, next, 'latin1')
  return next + length
}

/** RFC 7541 §5.1. */
function writeInteger(out: Buffer, at: number, pattern: number, prefix: number, value: number): number {
  const most = (1 << prefix) - 1
  if (value < most) {
    out[at] = pattern | value
    return at + 1
  }
  out[at] = pattern | most
  let rest = value - most
  let next = at + 1
  for (; rest >= 128; rest >>>= 7) out[next++] = (rest & 127) | 128
  out[next] = rest
  return next + 1
}
