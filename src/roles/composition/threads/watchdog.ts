import type { FailureName } from '../../../http/failures.ts'
import type { CompositionLimits } from '../../../model/kinds/composition.ts'
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
 * the whole process where a loop meets it that allocates (measured with Node 24.21), and is set far above. It counts its own looks and no times, so that a main thread which stood still itself accuses nobody.
 */
export class Watchdog {
  private readonly beat: Beat
  private readonly limits: CompositionLimits
  private count = 0
  private still = 0
  private isLoaded = false
  /** Of a heap that somebody else has looked at, since the loop stands still. */
  private heapBytes = 0

  constructor(beat: Beat, limits: CompositionLimits) {
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
    const { beat, limits } = this
    this.still = beat.count === this.count ? this.still + 1 : 0
    this.count = beat.count
    if (this.isLoaded && this.still * BEAT_MS >= limits.stallMs)
      return {
        failure: 'bundle_stalled',
        reason: 'stalled',
        message: `its loop stood still for ${formatDuration(limits.stallMs)} (spec.limits.stall)`,
      }
    const heapBytes = this.isStill ? this.heapBytes : beat.heapBytes
    if (heapBytes > limits.heapBytes)
      return {
        failure: 'bundle_terminated',
        reason: 'heap',
        message: `its heap was more than ${formatBytes(limits.heapBytes)} (spec.limits.heap)`,
      }
    if (beat.externalBytes <= limits.externalBytes) return null
    const held = `${Math.ceil(beat.externalBytes / 1024 ** 2)}Mi`
    return {
      failure: 'bundle_terminated',
      reason: 'external',
      message: `it held ${held} outside of its heap, more than ${formatBytes(limits.externalBytes)} (spec.limits.external)`,
    }
  }
}
