import { createHook } from 'node:async_hooks'
import type { Socket } from 'node:net'
import type { Server } from 'node:tls'

/**
 * Hands a connection to a server that lets clients in whose certificate does not verify. Where its signature is wrong
 * (its issuer has the name of an authority, and another key), OpenSSL says so by its verdict, and leaves behind the
 * error of the signature as well: at the next occasion Node takes that for the connection's own, before the end of the
 * handshake or after it, and ends the connection. Here the verdict counts, and the error is nobody's.
 *
 * Node has no other way to the handle of a socket whose handshake is not over than to watch it being made.
 */
export function acceptLeniently(server: Server, socket: Socket): void {
  const made: Handle[] = []
  const hook = createHook({
    init: (_id, type, _trigger, resource) => {
      if (type === 'TLSWRAP' && isHandle(resource)) made.push(resource)
    },
    trackPromises: false,
  })
  hook.enable()
  try {
    server.emit('connection', socket)
  } finally {
    hook.disable()
  }
  for (const handle of made) overlook(handle)
}

interface Handle {
  onerror(error: Error): void
  /** Null where the client's certificate verifies. */
  verifyError(): Error | null | undefined
}

function isHandle(value: object): value is Handle {
  return 'verifyError' in value && typeof value.verifyError === 'function'
}

function overlook(handle: Handle): void {
  const report = handle.onerror
  handle.onerror = error => {
    if (!isOfVerification(handle, error)) report.call(handle, error)
  }
}

/**
 * The verdict may be another one: that of an expired certificate comes after that of its signature. What is wrong with
 * the connection itself is said by OpenSSL's TLS, whatever else is in its queue of errors.
 */
function isOfVerification(handle: Handle, { message }: Error): boolean {
  return (handle.verifyError() ?? null) !== null && !message.includes(':SSL routines:')
}
