import { layoutFor, type Layout } from './layout.ts'
import { viewsOf, type Views } from './views.ts'

/** The memory of one worker at a time, as the main thread has it. */
export interface RecentMemory {
  /** The same for as long as the process runs. */
  readonly number: number
  readonly views: Views
}

/**
 * The memories of recent requests of a node. A worker that ends leaves its own behind, and the next that begins goes on
 * in it: what was written there is read until others have taken its place, and there are never more memories than there
 * were workers at one time.
 */
export class RecentMemories {
  readonly layout: Layout
  readonly all: RecentMemory[] = []
  private readonly free: SharedArrayBuffer[] = []

  /** `workers` is among how many the memory of a node is shared. */
  constructor(workers: number) {
    this.layout = layoutFor(workers)
  }

  /** For one worker. */
  take(): SharedArrayBuffer {
    return this.free.shift() ?? this.added()
  }

  /** Its worker has ended, in whatever it was doing. */
  give(memory: SharedArrayBuffer): void {
    this.free.push(memory)
  }

  private added(): SharedArrayBuffer {
    const memory = new SharedArrayBuffer(this.layout.bytes)
    this.all.push({ number: this.all.length, views: viewsOf(memory) })
    return memory
  }
}
