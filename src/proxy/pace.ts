import type { Socket } from 'node:net'
import type { FailureName } from '../http/failures.ts'
import { tcpHandle } from '../upstream/tcp-handle.ts'

/** The client of an exchange whose connection to a backend others wait for, as sweeps see it. */
export interface Paced {
  /** What it sends of its request is taken as it comes. */
  readonly reading: boolean
  /** Bytes of the response that it has taken; only ever compared with what it was. */
  readonly takenBytes: number
  /** Ends its exchange: others wait. */
  giveUp(failure: FailureName): void
}

/**
 * Bytes that the system has taken for the other side of a connection. Node itself judges by these numbers whether a
 * write makes progress (net.js, _onTimeout).
 */
export function takenBytes(socket: Socket): number {
  const handle = tcpHandle(socket)
  return isHandle(handle)
    ? handle.bytesWritten - handle.writeQueueSize
    : socket.bytesWritten - socket.writableLength
}

interface Handle {
  readonly bytesWritten: number
  /** Of that, what waits in the process: a write that the system has taken in part shows here and nowhere else. */
  readonly writeQueueSize: number
}

function isHandle(value: object | null): value is Handle {
  return (
    value !== null &&
    'bytesWritten' in value &&
    'writeQueueSize' in value &&
    typeof value.bytesWritten === 'number' &&
    typeof value.writeQueueSize === 'number'
  )
}
