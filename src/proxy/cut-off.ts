import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

/**
 * Ends a connection so that its peer does not take what it has for all there is: by a reset. Under TLS there is no need
 * of one: without close_notify the peer knows that something is missing (RFC 8446 §6.1).
 */
export function cutOff(socket: Socket): void {
  if (socket instanceof TLSSocket) socket.destroy()
  else socket.resetAndDestroy()
}
