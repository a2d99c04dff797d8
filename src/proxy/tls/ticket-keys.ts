import { randomBytes } from 'node:crypto'

/** What session tickets are sealed with; 48 random bytes, the first 16 of them the key's public name. */
export type TicketKey = Uint8Array

/** The one that new tickets get, then those that are still taken. */
export type TicketKeys = readonly [TicketKey, ...TicketKey[]]

const BYTES = 48
/** Taken besides the newest, so that a rotation costs nobody a full handshake. */
const KEPT = 1
/**
 * Who has a key can read what was resumed with its tickets (under TLS 1.2 all of it), so a key lives no longer than
 * twice this, and never leaves memory (RFC 9325 §7.3).
 */
export const ROTATE_MS = 6 * 3_600_000

export function firstTicketKeys(): TicketKeys {
  return [randomBytes(BYTES)]
}

/** A new key in front; the oldest is forgotten. */
export function rotated(keys: TicketKeys): TicketKeys {
  return [randomBytes(BYTES), ...keys.slice(0, KEPT)]
}

/** As a ClientHello shows it. */
export function ticketKeyName(key: TicketKey): string {
  return Buffer.from(key.buffer, key.byteOffset, 16).toString('hex')
}
