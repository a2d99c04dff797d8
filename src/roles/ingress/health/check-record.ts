import type { HealthChecks } from '../../../snapshot/health.ts'
import type { Cancel } from '../../../upstream/clock.ts'

type Thresholds = Pick<HealthChecks, 'healthyThreshold' | 'unhealthyThreshold'>

/** What checks of one endpoint have found so far. */
export class CheckRecord {
  /** When it is to be asked next; it is asked once at a time. */
  dueMs = 0
  /** Ends the check that is under way, or waits. */
  cancel: Cancel | null = null
  /** As it was told: null before the first check, "" healthy. */
  told: string | null = null
  /** Checks in a row that said otherwise. */
  private against = 0

  /** Whether there is something else to tell. The first check decides at once, as with Envoy. */
  take(reason: string, { healthyThreshold, unhealthyThreshold }: Thresholds): boolean {
    const { told } = this
    if (told === reason) {
      this.against = 0
      return false
    }
    if (told !== null && (told === '') !== (reason === '')) {
      this.against++
      if (this.against < (reason === '' ? healthyThreshold : unhealthyThreshold)) return false
    }
    this.against = 0
    this.told = reason
    return true
  }
}
