import { trafficDefaults } from '../defaults.ts'
import { formatDuration } from '../quantity.ts'
import { duration, INT32, integer, object, optional, required } from './shapes.ts'

const { bulkhead: defaults } = trafficDefaults

/** TrafficPolicy spec.bulkhead. Named as BackendPolicy spec.circuitBreaker. */
export const bulkhead = object({
  maxParallelRequests: required(
    integer(1, INT32),
    'Most requests of a route at once, of this process; each worker has its share. 503 beyond (bulkhead_full).',
  ),
  maxPending: optional(
    integer(0, INT32),
    'So many more may wait for one of them to end, in turn by client. 0: nobody waits.',
    defaults.maxPending,
  ),
  maxWait: optional(duration, 'How long each of them waits.', formatDuration(defaults.maxWaitMs)),
})
