import { parseTraceparent } from '../trace.ts'
import { newSpanId, newTraceId } from './ids.ts'

/** Which traces are told. */
export interface TracingSettings {
  /** Of traces that begin here, how many are told: 0 to 1. */
  readonly share: number
  /** Of those that who began them has told of, how many are told here; null: what others decide is no matter. Absent: all. */
  readonly parents?: number | null
}

/** Where a span of ours stands. */
export interface SpanContext {
  readonly traceId: string
  readonly spanId: string
  /** "" where the trace begins here. */
  readonly parentId: string
  readonly traceState: string
  readonly sampled: boolean
}

/**
 * Continues the trace that a request came with, whose sampling decision is followed where settings do not say otherwise, or
 * begins one. Of one that is not sampled nothing is told.
 */
export function continued(
  traceparent: string | undefined,
  tracestate: string | undefined,
  { share, parents = 1 }: TracingSettings,
): SpanContext {
  const parent = traceparent === undefined ? null : parseTraceparent(traceparent)
  if (parent === null)
    return {
      traceId: newTraceId(),
      spanId: newSpanId(),
      parentId: '',
      traceState: '',
      sampled: isDrawn(share),
    }
  const { traceId, spanId: parentId } = parent
  const sampled = parents === null ? isDrawn(share) : parent.sampled && isDrawn(parents)
  return { traceId, spanId: newSpanId(), parentId, traceState: tracestate ?? '', sampled }
}

/** Not by the trace's id: who began it may have drawn by that, and of its share a share is wanted. */
const isDrawn = (share: number): boolean => share >= 1 || Math.random() < share

/** `traceparent` of what is below this span. */
export function traceparentOf({ traceId, sampled }: SpanContext, spanId: string): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`
}

/** The clock of the day has been set; what it drifts by is none of a span's matter. */
const SET_MS = 10

/** Milliseconds since 1970 of performance.now in this thread. */
export class WallClock {
  private offsetMs = performance.timeOrigin

  /** To be called now and then. */
  adjust(): void {
    const offsetMs = Date.now() - performance.now()
    if (Math.abs(offsetMs - this.offsetMs) > SET_MS) this.offsetMs = offsetMs
  }

  of(monotonicMs: number): number {
    return this.offsetMs + monotonicMs
  }
}
