// The WebSocket message of the bench (RFC 6455 §5.2), alike for its load and its backend.

/** Bytes of text in a message. */
export const messageBytes = 32

export const MASK: Buffer = Buffer.from([1, 2, 3, 4])

/** A client's frame: two bytes of header, the mask, the text. */
export const MASKED_BYTES = 2 + 4 + messageBytes

/** A server's frame: no mask. */
export const PLAIN_BYTES = 2 + messageBytes

const FIN_TEXT = 0x81
const MASKED = 0x80

export function maskedFrame(): Buffer {
  const text = Buffer.alloc(messageBytes, 'm')
  const masked = text.map((byte, i) => byte ^ MASK[i & 3]!)
  return Buffer.concat([Buffer.from([FIN_TEXT, MASKED | messageBytes]), MASK, masked])
}
