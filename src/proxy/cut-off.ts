import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

/**
 * Ends a connection so that its peer does not take what it has for all there is: by a reset. Under TLS there is no need
 * of one: without close_notify the peer knows that something is missing (RFC 8446 §6.1).
 */
export function cutOff(socket: Socket): void {
  if (socket instanceof TLSSocket || isShutting(socket)) socket.destroy()
  else socket.resetAndDestroy()
}

/** All has been written, and its end is on the way: libuv refuses to reset then, and Node would never close it. */
function isShutting(socket: Socket): boolean {
  return socket.writableEnded && socket.writableLength === 0 && !socket.writableFinished
}
