import { compositionDefaults } from '../defaults.ts'
import { durationMs, formatBytes, formatDuration, quantityBytes } from '../quantity.ts'
import { backendObjectReference } from './http-filters.ts'
import {
  byteQuantity,
  duration,
  integer,
  object,
  optional,
  record,
  text,
  type Shape,
  type Violation,
} from './shapes.ts'

const limits = object(
  {
    heap: optional(
      byteQuantity,
      'What a thread may hold of objects of JavaScript. One that needs more is ended, and another begins.',
      formatBytes(compositionDefaults.heapBytes),
    ),
    external: optional(
      byteQuantity,
      'What a thread may hold beside them, as buffers do. One that holds more is ended, and another begins.',
      formatBytes(compositionDefaults.externalBytes),
    ),
    stall: optional(
      duration,
      'How long the loop of a thread may stand still. One that does is ended, and another begins.',
      formatDuration(compositionDefaults.stallMs),
    ),
    requests: optional(
      integer(1, 1_000_000),
      'How many requests may be under way in all of its threads; more wait in turn by client. What streams is none any more once it has begun.',
      compositionDefaults.requests,
    ),
    streams: optional(
      integer(1, 1_000_000),
      'How many answers may go on in all of its threads: events, streams of gRPC, WebSockets, bodies on their way through a filter. Beyond, the client that has most loses its oldest; the memory of threads bounds them too.',
      compositionDefaults.streams,
    ),
  },
  { title: 'CompositionLimits' },
)

/** The path of a module. */
export const bundleFile = text(4096, 1)

/** What an object says of the threads that run its bundle, and of the backends that it calls. */
export const bundleFields = {
  threads: optional(
    integer(1, 64),
    'How many threads run it, each with one copy. They are none of those that carry the traffic. An aggregate, or a bundle that only transcodes, of which it is not said is served by those.',
    compositionDefaults.threads,
  ),
  limits: optional(limits, 'What each of its threads may use, and how much may be under way in all of them.'),
  backends: optional(
    record(backendObjectReference, 64),
    'Where backends of the bundle are, by their names there. Of one that is not named here its url says it.',
  ),
} as const

/** Less than that no thread begins with. */
const LEAST_HEAP_BYTES = 32 * 1024 * 1024
const LEAST_EXTERNAL_BYTES = 8 * 1024 * 1024
/** A collection of garbage may take so long on a machine that is busy. */
const LEAST_STALL_MS = 500

export interface BundleLimits {
  readonly heapBytes: number
  readonly externalBytes: number
  readonly stallMs: number
}

type Limits = Shape<typeof limits>

/** Of one thread. */
export function bundleLimits({ heap, external, stall }: Limits = {}): BundleLimits {
  return {
    heapBytes: (heap === undefined ? undefined : quantityBytes(heap)) ?? compositionDefaults.heapBytes,
    externalBytes:
      (external === undefined ? undefined : quantityBytes(external)) ?? compositionDefaults.externalBytes,
    stallMs: (stall === undefined ? undefined : durationMs(stall)) ?? compositionDefaults.stallMs,
  }
}

/** Of all threads, by what the cluster of a bundle calls it. */
export function bundlePlaces({ requests, streams }: Limits = {}): {
  readonly maxConnections: number
  readonly maxStreams: number
} {
  return {
    maxConnections: requests ?? compositionDefaults.requests,
    maxStreams: streams ?? compositionDefaults.streams,
  }
}

/** Of `spec.limits`. */
export function limitRules(own: Limits | undefined): Violation[] {
  const { heapBytes, externalBytes, stallMs } = bundleLimits(own)
  const least = [
    ['heap', heapBytes < LEAST_HEAP_BYTES, formatBytes(LEAST_HEAP_BYTES)],
    ['external', externalBytes < LEAST_EXTERNAL_BYTES, formatBytes(LEAST_EXTERNAL_BYTES)],
    ['stall', stallMs < LEAST_STALL_MS, formatDuration(LEAST_STALL_MS)],
  ] as const
  return least.flatMap(([field, isLess, expected]) =>
    isLess
      ? [
          {
            path: ['spec', 'limits', field],
            message: `is less than a thread needs, expected at least ${expected}`,
          },
        ]
      : [],
  )
}
