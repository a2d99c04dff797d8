import { AggregateFault, gatewayOfAggregate } from '../../../composition/aggregate/aggregate.ts'
import { manifestOf } from '../../../composition/manifest/manifest.ts'
import type { Gateway } from '../../../composition/routes/gateway.ts'
import type { Extracted } from './extracted.ts'

/** What an aggregate is, or all that is wrong with it. */
export function declaredIn(aggregate: unknown): Extracted {
  try {
    const gateway = gatewayOfAggregate(aggregate) as unknown as Gateway
    return { manifest: manifestOf(gateway), fault: null, files: [] }
  } catch (error) {
    if (!(error instanceof AggregateFault)) throw error
    return { manifest: null, fault: error.message, places: error.faults, files: [] }
  }
}
