/** Compressed-Flag and Message-Length (doc/PROTOCOL-HTTP2.md: Length-Prefixed-Message). */
const PREFIX = 5

/** Follows a body of messages, to tell whether what has come so far is a whole number of them. */
export class MessageBoundary {
  /** Bytes of the prefix that is being read. */
  private prefix = 0
  private length = 0
  /** Bytes of the message still to come. */
  private left = 0

  get whole(): boolean {
    return this.prefix === 0 && this.left === 0
  }

  push(chunk: Uint8Array, start: number, end: number): void {
    let at = start
    while (at < end) {
      const skipped = Math.min(this.left, end - at)
      this.left -= skipped
      at += skipped
      while (this.left === 0 && at < end) {
        // The flag itself says nothing about the length; shifted out by the four bytes that follow.
        this.length = ((this.length << 8) | chunk[at++]!) >>> 0
        if (++this.prefix < PREFIX) continue
        this.left = this.length
        this.prefix = this.length = 0
      }
    }
  }
}
