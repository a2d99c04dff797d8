import type { Socket } from 'node:dgram'

/** Bytes that the system did not take yet; beyond, what comes is lost, as it may be anywhere on its way. */
const MOST_UNSENT_BYTES = 1024 * 1024

/**
 * Sends a datagram to who the socket is connected to, or to `to`. One that cannot be sent is lost: an error that is
 * thrown here leaves the event of a socket, and ends the worker.
 */
export function sendOrLose(
  socket: Socket,
  data: Buffer,
  to?: { readonly port: number; readonly address: string },
): void {
  try {
    if (socket.getSendQueueSize() < MOST_UNSENT_BYTES) socket.send(data, to?.port, to?.address)
  } catch {
    // As if it were lost elsewhere.
  }
}
