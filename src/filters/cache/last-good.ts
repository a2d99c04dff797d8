import type { Exchange, Served } from '../filter.ts'
import type { Kit } from '../kit.ts'
import { askingNote } from './asking.ts'
import { ageMs } from './freshness.ts'
import { outcomeNote, told } from './outcomes.ts'
import { serve } from './serving.ts'

/**
 * What is stored for a request that was sent to the backend, though it is no longer fresh; null where nothing is, it is
 * older, was changed or purged meanwhile, or must not be used without asking. It was found by who asks, as what is fresh is.
 */
export function lastGood(
  x: Exchange,
  maxAgeMs: number,
  kit: Pick<Kit, 'clock' | 'responses'>,
): Served | null {
  const asking = x.notes.get(askingNote)
  const stored = asking?.stored ?? null
  if (asking === undefined || stored === null || stored.status >= 400) return null
  const { policy, times } = stored
  const nowMs = kit.clock.wallMs()
  if (policy.asks || policy.strict || ageMs(times, nowMs) > maxAgeMs) return null
  const reader = kit.responses()
  if (!reader.isStanding(stored, asking.known)) return null
  x.notes.set(outcomeNote, told['stale-if-error'])
  const { wanted: fields, conditional } = asking
  return serve(stored, { method: x.asked.method, fields, conditional }, nowMs, '', reader.sending(stored))
}
