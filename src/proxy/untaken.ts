import type { Socket } from 'node:net'
import { takenBytes } from './pace.ts'

/** For how long a client has taken nothing of what waits for it in its connection, as sweeps see it. */
export class Untaken {
  private taken = -1
  private sinceMs = 0

  /** In ms; 0 where nothing waits. */
  look(socket: Socket, nowMs: number): number {
    const taken = socket.writableLength > 0 ? takenBytes(socket) : -1
    if (taken < 0 || taken !== this.taken) this.sinceMs = nowMs
    this.taken = taken
    return nowMs - this.sinceMs
  }
}
