import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { FailureName } from '../http/failures.ts'

/** The client of an exchange whose connection to a backend others wait for, as sweeps see it. */
export interface Paced {
  /** What it sends of its request is taken as it comes. */
  readonly reading: boolean
  /** Bytes of the response that it has taken; only ever compared with what it was. */
  readonly takenBytes: number
  /** Ends its exchange: others wait. */
  giveUp(failure: FailureName): void
}

/** Bytes that the system has taken for the other side of a connection. */
export function takenBytes(socket: Socket): number {
  const handle = below(socket)
  return handle === null
    ? socket.bytesWritten - socket.writableLength
    : handle.bytesWritten - handle.writeQueueSize
}

interface Handle {
  readonly bytesWritten: number
  /** Of that, what waits in the process: a write that the system has taken in part shows here and nowhere else. */
  readonly writeQueueSize: number
}

/** The connection itself, under TLS too. Node itself judges by these numbers whether a write makes progress (net.js, _onTimeout). */
function below(socket: Socket): Handle | null {
  const handle: unknown = Reflect.get(socket, '_handle')
  const under: unknown =
    socket instanceof TLSSocket && typeof handle === 'object' && handle !== null
      ? Reflect.get(handle, '_parent')
      : handle
  return isHandle(under) ? under : null
}

function isHandle(value: unknown): value is Handle {
  return (
    typeof value === 'object' &&
    value !== null &&
    'bytesWritten' in value &&
    'writeQueueSize' in value &&
    typeof value.bytesWritten === 'number' &&
    typeof value.writeQueueSize === 'number'
  )
}
