import { readSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tcpHandle } from './tcp-handle.ts'

const byte = Buffer.alloc(1)

/**
 * Whether the peer of a connection of which nothing is expected has said nothing, not that it has closed either. Where
 * the answer is false the connection is of no use any more: what was there has been taken from its socket.
 *
 * The event loop tells of a close in its next turn, and by then a request may have gone to a peer that is gone. Node has
 * no way to ask sooner, but the system has: a read of a socket that does not block. A microsecond where there is nothing
 * (and ten for the error that says so), so that it is for requests that must not be repeated.
 */
export function isQuiet(socket: Socket): boolean {
  const descriptor = descriptorOf(socket)
  if (descriptor < 0) return true
  try {
    readSync(descriptor, byte, 0, 1, null)
    return false
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EAGAIN'
  }
}

/** -1 where there is none, as on Windows. */
function descriptorOf(socket: Socket): number {
  const handle = tcpHandle(socket)
  const descriptor: unknown = handle === null ? null : Reflect.get(handle, 'fd')
  return typeof descriptor === 'number' ? descriptor : -1
}
