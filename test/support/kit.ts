import { trialKit } from '../../src/filters/trial-kit.ts'
import type { Kit } from '../../src/filters/kit.ts'

/** A kit for filters under test; `more` is what a test is about. */
export function kit(more: Partial<Kit> = {}): Kit {
  return { ...trialKit, ...more }
}
