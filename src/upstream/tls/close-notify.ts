import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { tcpHandle } from '../tcp-handle.ts'

/** What libuv answers to one who asks for reading to begin where it has begun. */
const UV_EALREADY = -114

/**
 * Whether a connection that has ended was ended by its peer and not by whoever can cut it: under TLS the peer says so
 * (close_notify, RFC 8446 §6.1), plain connections are taken at their word. To be asked within the event `end` of a
 * socket that is being read.
 *
 * Node has one event for both, and no way to ask. But after a close_notify the socket below is still being read, for
 * its own end is yet to come; after its end it is not, and only then can reading begin once more.
 */
export function endedByPeer(socket: Socket): boolean {
  if (!(socket instanceof TLSSocket)) return true
  const below = tcpHandle(socket)
  return !isHandle(below) || below.readStart() === UV_EALREADY
}

interface Handle {
  readStart(): number
}

function isHandle(value: object | null): value is Handle {
  return value !== null && 'readStart' in value && typeof value.readStart === 'function'
}
