import type { FailureName } from '../../http/failures.ts'
import type { CrossingPort } from '../../shared/crossing/crossing-port.ts'
import { Crossing } from './crossing.ts'

/** The ways from this worker to the threads that answer requests, by the number of each. */
export class CrossingPorts {
  private readonly crossings = new Map<number, Crossing>()
  private readonly isHeld: (thread: number) => boolean

  /** `isHeld`: of a thread that leaves, whether somebody who has begun may ask it yet. */
  constructor(isHeld: (thread: number) => boolean = () => false) {
    this.isHeld = isHeld
  }

  /** To be there before the first snapshot that names the thread. */
  add(thread: number, port: CrossingPort): void {
    this.crossings.set(thread, new Crossing(port, () => this.isHeld(thread)))
  }

  /** The thread is gone, or is to be given up: what is under way there fails by this name. `detail` is for the log. */
  lost(thread: number, failure: FailureName, detail: string): void {
    this.crossings.get(thread)?.lose(failure, detail)
    this.crossings.delete(thread)
  }

  get(thread: number): Crossing | null {
    return this.crossings.get(thread) ?? null
  }

  /** Somebody who might have asked is over. */
  released(): void {
    for (const crossing of this.crossings.values()) crossing.tellLeft()
  }

  /** Bytes that wait for clients or for threads. */
  get waitingBytes(): number {
    let bytes = 0
    for (const crossing of this.crossings.values()) bytes += crossing.waitingBytes
    return bytes
  }

  close(): void {
    for (const thread of this.crossings.keys()) this.lost(thread, 'bundle_unavailable', 'drained')
  }
}
