/** What a stream without state has been. */
export const NEVER_OPENED = 0
const ENDED = 1
/** Reset by us: the peer may not know yet, and what it still sends is ignored (RFC 9113 §5.1). */
export const RESET_BY_US = 2
export const RESET_BY_PEER = 3

const KEPT = 256
const SKIPS = 16

/**
 * Remembers how streams were closed, as far as RFC 9113 §5.1 makes a
 * difference: resets, and ids that were passed over. All others ended in good
 * order, so that ordinary streams leave nothing behind.
 */
export class ClosedStreams {
  private ids: Int32Array | null = null
  private kinds: Uint8Array | null = null
  private count = 0
  private readonly skips: number[] = []

  reset(id: number, kind: typeof RESET_BY_US | typeof RESET_BY_PEER): void {
    this.ids ??= new Int32Array(KEPT)
    this.kinds ??= new Uint8Array(KEPT)
    this.ids[this.count % KEPT] = id
    this.kinds[this.count % KEPT] = kind
    this.count++
  }

  /** Ids between the last stream and this one are closed without having been used (§5.1.1). */
  opened(id: number, last: number): void {
    if (id === last + 2 || (last === 0 && id <= 2)) return
    if (this.skips.length === SKIPS * 2) this.skips.splice(0, 2)
    this.skips.push(last, id)
  }

  /** What stream `id`, not above the last, has been. */
  kind(id: number): number {
    const { ids, kinds } = this
    if (ids !== null && kinds !== null) {
      let lowest = id
      for (let i = Math.min(this.count, KEPT) - 1; i >= 0; i--) {
        if (ids[i] === id) return kinds[i]!
        if (ids[i]! < lowest) lowest = ids[i]!
      }
      // Of older ones it is not known; a late frame must not end the connection of a client that did nothing wrong.
      if (this.count > KEPT && id === lowest) return RESET_BY_US
    }
    for (let i = 0; i < this.skips.length; i += 2)
      if (id > this.skips[i]! && id < this.skips[i + 1]!) return NEVER_OPENED
    return ENDED
  }
}
