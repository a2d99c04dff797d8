import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

/** What Node holds the TCP connection by that a socket stands on, under TLS too; null where it has gone. */
export function tcpHandle(socket: Socket): object | null {
  const handle: unknown = Reflect.get(socket, '_handle')
  const own: unknown =
    socket instanceof TLSSocket && isObject(handle) ? Reflect.get(handle, '_parent') : handle
  return isObject(own) ? own : null
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
