import { parseTraceparent } from '../trace.ts'
import { newSpanId, newTraceId } from './ids.ts'

/** How spans are made in a thread. */
export interface TracingSettings {
  /** Of traces that begin here, how many are told: 0 to 1. */
  readonly share: number
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
 * Continues the trace that a request came with, whose sampling decision is followed, or begins one. Of one that is not
 * sampled nothing is told.
 */
export function continued(
  traceparent: string | undefined,
  tracestate: string | undefined,
  { share }: TracingSettings,
): SpanContext {
  const parent = traceparent === undefined ? null : parseTraceparent(traceparent)
  if (parent === null) {
    const sampled = share >= 1 || Math.random() < share
    return { traceId: newTraceId(), spanId: newSpanId(), parentId: '', traceState: '', sampled }
  }
  const { traceId, spanId: parentId, sampled } = parent
  return { traceId, spanId: newSpanId(), parentId, traceState: tracestate ?? '', sampled }
}

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
