import { compositionDefaults } from '../defaults.ts'
import { PORTCULLIS, type ResourceKind } from '../kind.ts'
import { durationMs, formatBytes, formatDuration, quantityBytes } from '../quantity.ts'
import type { Resource } from '../resource.ts'
import { aggregateSchema } from './aggregate/aggregate.ts'
import { backendObjectReference } from './http-filters.ts'
import {
  byteQuantity,
  duration,
  integer,
  object,
  optional,
  record,
  required,
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
      'How many answers may go on in all of its threads: events, streams of gRPC, WebSockets. Beyond, the client that has most loses its oldest; the memory of threads bounds them too.',
      compositionDefaults.streams,
    ),
  },
  { title: 'CompositionLimits' },
)

/** portcullis.dev/v1alpha1 Composition. */
const schema = object(
  {
    spec: required(
      object({
        bundle: optional(
          text(4096, 1),
          'A module file (`./shop.gateway.ts`) whose export `gateway`, or default export, is made by `defineGateway`. Relative to the file that declares this object. It is code of yours: it may do what the gateway may.',
        ),
        aggregate: optional(
          aggregateSchema,
          'The API itself, in place of a bundle: calls, and what of their answers is shown (docs/AGGREGATE.md).',
        ),
        threads: optional(
          integer(1, 64),
          'How many threads run it, each with one copy. They are none of those that carry the traffic.',
          compositionDefaults.threads,
        ),
        limits: optional(
          limits,
          'What each of its threads may use, and how much may be under way in all of them.',
        ),
        backends: optional(
          record(backendObjectReference, 64),
          'Where backends of the bundle are, by their names there. Of one that is not named here its url says it.',
        ),
      }),
      'Which API it is, and what that may use.',
    ),
  },
  {
    description:
      'An API that is made of others, by code (docs/COMPOSITION.md) or declared (docs/AGGREGATE.md). A route refers to it by group portcullis.dev and kind Composition.',
  },
)

export type CompositionBody = Shape<typeof schema>
export type Composition = Resource<CompositionBody>

export const Composition: ResourceKind<Composition> = {
  group: PORTCULLIS,
  versions: ['v1alpha1'],
  kind: 'Composition',
  plural: 'compositions',
  scope: 'Namespaced',
  role: 'composition',
  schema,
  rules,
  cel: [
    {
      path: 'spec',
      rule: 'has(self.bundle) != has(self.aggregate)',
      message: 'expected bundle or aggregate, and one of them',
    },
  ],
}

/** Less than that no thread begins with. */
const LEAST_HEAP_BYTES = 32 * 1024 * 1024
const LEAST_EXTERNAL_BYTES = 8 * 1024 * 1024
/** A collection of garbage may take so long on a machine that is busy. */
const LEAST_STALL_MS = 500

export interface CompositionLimits {
  readonly heapBytes: number
  readonly externalBytes: number
  readonly stallMs: number
}

/** Of one thread. */
export function compositionLimits({ spec: { limits: own = {} } }: CompositionBody): CompositionLimits {
  const { heap, external, stall } = own
  return {
    heapBytes: (heap === undefined ? undefined : quantityBytes(heap)) ?? compositionDefaults.heapBytes,
    externalBytes:
      (external === undefined ? undefined : quantityBytes(external)) ?? compositionDefaults.externalBytes,
    stallMs: (stall === undefined ? undefined : durationMs(stall)) ?? compositionDefaults.stallMs,
  }
}

/** Of all threads, by what the cluster of a composition calls it. */
export function compositionPlaces({ spec: { limits: { requests, streams } = {} } }: CompositionBody): {
  readonly maxConnections: number
  readonly maxStreams: number
} {
  return {
    maxConnections: requests ?? compositionDefaults.requests,
    maxStreams: streams ?? compositionDefaults.streams,
  }
}

function rules(body: CompositionBody): Violation[] {
  return [...codeRules(body), ...limitRules(body)]
}

function codeRules({ spec: { bundle, aggregate } }: CompositionBody): Violation[] {
  if ((bundle === undefined) !== (aggregate === undefined)) return []
  const message =
    bundle === undefined
      ? 'is required, expected it or "aggregate"'
      : 'is there beside "aggregate", expected one of both'
  return [{ path: ['spec', 'bundle'], message }]
}

function limitRules(body: CompositionBody): Violation[] {
  const { heapBytes, externalBytes, stallMs } = compositionLimits(body)
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
