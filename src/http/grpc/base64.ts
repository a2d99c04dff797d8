const PAD = 61
const BAD = 255

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const digits = new Uint8Array(256).fill(BAD)
for (let i = 0; i < ALPHABET.length; i++) digits[ALPHABET.charCodeAt(i)] = i

/**
 * Decodes base64 (RFC 4648 §4) that comes in pieces cut anywhere, and whose
 * sender pads whenever it flushes (doc/PROTOCOL-WEB.md): a group of four may
 * end with padding, and another may follow.
 */
export class Base64Decoder {
  private bits = 0
  /** Characters of the group that is being read, and how many of them were padding. */
  private count = 0
  private pads = 0

  /** No group has been begun. */
  get whole(): boolean {
    return this.count === 0
  }

  /** The bytes that chunk[start, end) completes, or null where it is no base64. */
  decode(chunk: Uint8Array, start: number, end: number): Buffer | null {
    const out = Buffer.allocUnsafe((((end - start + 3) >> 2) + 1) * 3)
    let to = 0
    for (let at = start; at < end; at++) {
      const c = chunk[at]!
      const digit = digits[c]!
      if (c === PAD && this.count >= 2) this.pads++
      else if (digit === BAD || this.pads > 0) return null
      this.bits = (this.bits << 6) | (c === PAD ? 0 : digit)
      if (++this.count < 4) continue
      // RFC 4648 §3.5: bits that no byte takes are zero, or two texts would be the same bytes.
      if ((this.bits & (this.pads === 2 ? 0xffff : this.pads === 1 ? 0xff : 0)) !== 0) return null
      out[to++] = this.bits >> 16
      if (this.pads < 2) out[to++] = this.bits >> 8
      if (this.pads < 1) out[to++] = this.bits
      this.bits = this.count = this.pads = 0
    }
    return out.subarray(0, to)
  }
}
