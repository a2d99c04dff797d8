import { Type } from 'typebox'
import { backendDefaults } from '../../../model/defaults.ts'
import { durationMs, formatDuration } from '../../../model/quantity.ts'
import { duration, integer, object, optional, set, type Shape } from '../../../model/kinds/shapes.ts'
import type { HedgingSettings } from '../../../snapshot/resilience.ts'

const { hedging: defaults } = backendDefaults

/** Those of RFC 9110 that are safe, or idempotent; and those whose owner says that they may be met twice, as a call of gRPC. */
const methods = ['GET', 'HEAD', 'OPTIONS', 'QUERY', 'PUT', 'DELETE', 'POST'] as const

export const hedging = object({
  percentile: optional(
    integer(50, 99),
    'A request that takes longer than so many percent of the answers of the last minute did is sent to another endpoint too. As each worker has seen them; nothing is, as long as it has seen few.',
    defaults.percentile,
  ),
  minDelay: optional(
    duration,
    'How long the first attempt has at least.',
    formatDuration(defaults.minDelayMs),
  ),
  maxPercent: optional(
    integer(1, 100),
    'Most requests that may be sent twice, in percent of those within the interval of the retry budget, of all workers together. Each counts as a retry there too.',
    defaults.maxPercent,
  ),
  methods: optional(
    set(Type.Enum(methods), methods.length),
    'Requests of which methods. POST, which every call of gRPC is, only where the backend may do what it asks for twice.',
    [...defaults.methods],
  ),
})

type HedgingFields = Shape<typeof hedging>

/** Undefined where no policy has any of it: `{}` is all by default. */
export function hedgingOf(far?: HedgingFields, near?: HedgingFields): HedgingSettings | undefined {
  if (far === undefined && near === undefined) return undefined
  const { minDelay, ...rest } = { ...far, ...near }
  const { percentile, maxPercent, methods: named } = { ...defaults, ...rest }
  const minDelayMs = minDelay === undefined ? defaults.minDelayMs : durationMs(minDelay)!
  return { percentile, minDelayMs, maxPercent, methods: named }
}
