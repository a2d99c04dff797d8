import type { FailureName } from '../../../http/failures.ts'
import type { CompositionLimits } from '../../../model/kinds/composition.ts'
import { formatBytes, formatDuration } from '../../../model/quantity.ts'
import { BEAT_MS, type Beat } from './beat.ts'

/** Why a thread is to be ended. */
export interface Verdict {
  readonly failure: FailureName
  /** As metrics name it. */
  readonly reason: 'stalled' | 'external'
  readonly message: string
}

/**
 * Looks at the beat of one thread: whether its loop stands still, and what it holds beside its heap, which V8 does not
 * limit. It counts its own looks and no times, so that a main thread which stood still itself accuses nobody.
 */
export class Watchdog {
  private readonly beat: Beat
  private readonly limits: CompositionLimits
  private count = 0
  private still = 0

  constructor(beat: Beat, limits: CompositionLimits) {
    this.beat = beat
    this.limits = limits
  }

  /** To be called once in BEAT_MS; null as long as all is well. */
  look(): Verdict | null {
    const { beat, limits } = this
    this.still = beat.count === this.count ? this.still + 1 : 0
    this.count = beat.count
    if (this.still * BEAT_MS >= limits.stallMs)
      return {
        failure: 'bundle_stalled',
        reason: 'stalled',
        message: `its loop stood still for ${formatDuration(limits.stallMs)} (spec.limits.stall)`,
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
