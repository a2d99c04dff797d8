import { createHash, randomBytes } from 'node:crypto'

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** A Sec-WebSocket-Key (RFC 6455 §4.1), for a handshake that HTTP/2 has begun without one. */
export function websocketKey(): string {
  return randomBytes(16).toString('base64')
}

/** What Sec-WebSocket-Accept must be for a key (RFC 6455 §4.2.2). */
export function websocketAccept(key: string): string {
  return createHash('sha1')
    .update(key + GUID)
    .digest('base64')
}
