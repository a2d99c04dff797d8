/** RFC 7541 §4.1: what an entry counts beyond its characters. */
export const ENTRY_OVERHEAD = 32

/**
 * The dynamic table of a decoder (RFC 7541 §2.3.2, §4): a ring, newest entry at
 * index 0. Its size in bytes, as the RFC counts it, never passes `limitBytes`,
 * and with it the number of entries never passes a 32nd of that.
 */
export class FieldTable {
  count = 0
  bytes = 0
  private limitBytes: number
  private names: string[] = []
  private values: string[] = []
  private kinds: number[] = []
  /** Where the newest entry is. */
  private newest = 0
  private mask = -1

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes
  }

  get limit(): number {
    return this.limitBytes
  }

  /** RFC 7541 §4.3: evicts what no longer fits. */
  resize(limitBytes: number): void {
    this.limitBytes = limitBytes
    this.evict(limitBytes)
  }

  name(index: number): string {
    return this.names[(this.newest - index) & this.mask]!
  }

  value(index: number): string {
    return this.values[(this.newest - index) & this.mask]!
  }

  kind(index: number): number {
    return this.kinds[(this.newest - index) & this.mask]!
  }

  /** RFC 7541 §4.4: an entry larger than the table empties it and is not kept, which is no error. */
  insert(name: string, value: string, kind: number): void {
    const bytes = name.length + value.length + ENTRY_OVERHEAD
    this.evict(this.limitBytes - bytes)
    if (bytes > this.limitBytes) return
    if (this.count > this.mask) this.grow()
    this.newest = (this.newest + 1) & this.mask
    this.names[this.newest] = name
    this.values[this.newest] = value
    this.kinds[this.newest] = kind
    this.count++
    this.bytes += bytes
  }

  private evict(toBytes: number): void {
    while (this.bytes > toBytes && this.count > 0) {
      const oldest = (this.newest - this.count + 1) & this.mask
      this.bytes -= this.names[oldest]!.length + this.values[oldest]!.length + ENTRY_OVERHEAD
      this.names[oldest] = ''
      this.values[oldest] = ''
      this.count--
    }
  }

  /** Doubles the ring; most connections never need more than the first sixteen. */
  private grow(): void {
    const { count } = this
    const order = Array.from({ length: count }, (_, i) => (this.newest - count + 1 + i) & this.mask)
    const size = Math.max(16, (this.mask + 1) * 2)
    this.names = spread(order, this.names, size, '')
    this.values = spread(order, this.values, size, '')
    this.kinds = spread(order, this.kinds, size, 0)
    this.mask = size - 1
    this.newest = (count - 1) & this.mask
  }
}

function spread<T>(order: readonly number[], from: readonly T[], size: number, empty: T): T[] {
  return Array.from({ length: size }, (_, i) => (i < order.length ? from[order[i]!]! : empty))
}
