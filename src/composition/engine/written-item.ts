import type { StreamFormat } from '../streams/formats.ts'
import type { StreamItem } from '../streams/item.ts'

/** An item of a stream as it is written, once for all who are given it. */
export class WrittenItem {
  readonly kind = 'item'
  readonly json: string
  readonly of: StreamItem<unknown>
  private chunk: Uint8Array | null = null
  private format: StreamFormat | null = null
  private isFirst = false

  /** `json` is the item's data. */
  constructor(of: StreamItem<unknown>, json: string) {
    this.of = of
    this.json = json
  }

  /**
   * In memory of its own, the same for all who ask for the same: nobody writes to it, and a batch that goes to another thread
   * has it once. `first`: of an answer.
   */
  chunkIn(format: StreamFormat, first: boolean): Uint8Array {
    if (this.chunk === null || this.format !== format || this.isFirst !== first) {
      const text = format.item(this.json, this.of, first)
      this.chunk = Buffer.allocUnsafeSlow(Buffer.byteLength(text))
      ;(this.chunk as Buffer).write(text)
      this.format = format
      this.isFirst = first
    }
    return this.chunk
  }
}
