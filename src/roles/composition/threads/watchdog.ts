import type { FailureName } from '../../../http/failures.ts'
import type { BundleLimits } from '../../../model/kinds/bundle.ts'
import { formatBytes, formatDuration } from '../../../model/quantity.ts'
import { BEAT_MS, type Beat } from './beat.ts'

/** Why a thread is to be ended. */
export interface Verdict {
  readonly failure: FailureName
  /** As metrics name it. */
  readonly reason: 'stalled' | 'heap' | 'external'
  readonly message: string
}

/**
 * Looks at the beat of one thread: whether its loop stands still, and what it holds. V8's own limit of the heap would end
 * the whole process where a loop meets it that allocates (measured with Node 24.21), and is set far above; so far below
 * it V8 leaves garbage lie (311 MiB in use of which 64 were held), and a thread is judged by what a collection leaves. It
 * counts its own looks and no times, so that a main thread which stood still itself accuses nobody.
 */
export class Watchdog {
  private readonly beat: Beat
  private readonly limits: BundleLimits
  private count = 0
  private still = 0
  private isLoaded = false
  /** Of a heap that somebody else has looked at, since the loop stands still. */
  private heapBytes = 0
  private isAsked = false
  /** Looks before another collection is asked for. */
  private rest = 0

  constructor(beat: Beat, limits: BundleLimits) {
    this.beat = beat
    this.limits = limits
  }

  /** Whether the beat says nothing of what is held now. */
  get isStill(): boolean {
    return this.still > 0
  }

  /** What the heap is, of a thread that stands still. */
  seen(heapBytes: number): void {
    this.heapBytes = heapBytes
  }

  /** From here on its loop is to turn: what it does before, modules that compute too, has a time of its own. */
  loaded(): void {
    this.isLoaded = true
    this.still = 0
  }

  /** To be called once in BEAT_MS; null as long as all is well. */
  look(): Verdict | null {
    const { beat } = this
    this.still = beat.count === this.count ? this.still + 1 : 0
    this.count = beat.count
    return this.isStill ? this.lookStill() : this.lookHeld()
  }

  private lookStill(): Verdict | null {
    const { stallMs, heapBytes } = this.limits
    if (this.isLoaded && this.still * BEAT_MS >= stallMs)
      return {
        failure: 'bundle_stalled',
        reason: 'stalled',
        message: `its loop stood still for ${formatDuration(stallMs)} (spec.limits.stall)`,
      }
    // A thread that waits for its processor on a busy machine is late by a look or two, with garbage in its heap.
    const isLong = this.still >= STILL_LOOKS
    return isLong && this.heapBytes > FAR_LIMITS * heapBytes ? tooMuchHeap(heapBytes) : null
  }

  private lookHeld(): Verdict | null {
    this.heapBytes = 0
    const excess = this.excess()
    if (this.isAsked) {
      if (!this.beat.isCollected) return null
      this.isAsked = false
      this.beat.forgetCollection()
      this.rest = COLLECTION_LOOKS
      return excess
    }
    this.rest--
    // What grows so fast is asked for at once: V8's own limit is the end of the process.
    const isFar = this.beat.heapBytes > FAR_LIMITS * this.limits.heapBytes
    if (excess === null || (this.rest > 0 && !isFar)) return null
    this.isAsked = true
    this.beat.askCollection()
    return null
  }

  private excess(): Verdict | null {
    const { limits } = this
    const { heapBytes, externalBytes } = this.beat
    if (heapBytes > limits.heapBytes) return tooMuchHeap(limits.heapBytes)
    return externalBytes > limits.externalBytes ? tooMuchExternal(externalBytes, limits.externalBytes) : null
  }
}

/** A collection of hundreds of MiB stops the thread for a tenth of a second: at most every second. */
const COLLECTION_LOOKS = 1_000 / BEAT_MS

const STILL_LOOKS = 3

/** A loop that stands still collects nothing for us, and what it has made may be garbage: it has so many limits. */
export const FAR_LIMITS = 2

function tooMuchHeap(limitBytes: number): Verdict {
  return {
    failure: 'bundle_terminated',
    reason: 'heap',
    message: `its heap was more than ${formatBytes(limitBytes)} (spec.limits.heap)`,
  }
}

function tooMuchExternal(heldBytes: number, limitBytes: number): Verdict {
  const held = `${Math.ceil(heldBytes / 1024 ** 2)}Mi`
  return {
    failure: 'bundle_terminated',
    reason: 'external',
    message: `it held ${held} outside of its heap, more than ${formatBytes(limitBytes)} (spec.limits.external)`,
  }
}
