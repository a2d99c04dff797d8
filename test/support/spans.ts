import { newSpanId, newTraceId } from '../../src/telemetry/spans/ids.ts'
import { SERVER, type Span } from '../../src/telemetry/spans/span.ts'

/** One of a request that took a millisecond. */
export const spanOf = (attributes: Span['attributes'] = {}): Span => ({
  traceId: newTraceId(),
  spanId: newSpanId(),
  parentId: '',
  isRemote: false,
  traceState: '',
  kind: SERVER,
  name: 'GET',
  startMs: 1_795_000_000_000,
  endMs: 1_795_000_000_001,
  attributes,
  isError: false,
})
