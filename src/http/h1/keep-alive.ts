/**
 * The time that Keep-Alive names (RFC 2068 §19.7.1.1, and what servers made of it: `timeout=5, max=100`). It is no part
 * of HTTP/1.1, but node:http, Apache and others say by it when they are going to close.
 */
export class KeepAlive {
  // A server says the same each time.
  private text = ''
  private seconds = -1

  /** In seconds; -1 where there is none. */
  of(text: string): number {
    if (text !== this.text) {
      this.text = text
      const [, digits] = /(?:^|[,;\s])timeout\s*=\s*"?(\d{1,9})/i.exec(text) ?? []
      this.seconds = digits === undefined ? -1 : Number(digits)
    }
    return this.seconds
  }
}
