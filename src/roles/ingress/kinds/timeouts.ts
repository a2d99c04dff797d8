import { backendDefaults } from '../../../model/defaults.ts'
import { durationMs, formatDuration } from '../../../model/quantity.ts'
import { isOwn } from '../../../http/owned-fields.ts'
import { headerName } from '../../../model/kinds/http-filters.ts'
import { duration, object, optional, type Shape, type Violation } from '../../../model/kinds/shapes.ts'
import type { Cluster } from '../../../snapshot/cluster.ts'

export const timeouts = object({
  request: optional(
    duration,
    'How long a request may take with all its attempts, where the route says nothing of it. 504 beyond. Left out, or 0s: no limit.',
  ),
  attempt: optional(
    duration,
    'How long one attempt may take, to the end of the response, where the route says nothing of it. Left out, or 0s: no limit.',
  ),
  firstByte: optional(
    duration,
    'How long the head of a response may take, from when the whole request is here. The body may take longer. Left out, or 0s: no limit.',
  ),
  deadlineHeader: optional(
    headerName,
    'The field of a request by which the backend is told how many milliseconds are left for its answer. What clients send under this name never passes. Calls of gRPC have grpc-timeout, without this.',
  ),
  silence: optional(
    duration,
    'How long nothing of a request or its response may move; then 504, or the response is broken off. 0s: never.',
    formatDuration(backendDefaults.silenceMs),
  ),
  tunnelSilence: optional(
    duration,
    'How long nothing may move in a tunnel (WebSocket), or a connection of a TLSRoute or a TCPRoute, which is then ended. 0s: never.',
    formatDuration(backendDefaults.tunnelSilenceMs),
  ),
  sessionSilence: optional(
    duration,
    'How long nothing may move in a session of a UDPRoute, which is then forgotten; a quarter of it where the client has not been heard after an answer. 0s: never, where it has.',
    formatDuration(backendDefaults.sessionSilenceMs),
  ),
})

type TimeoutFields = Shape<typeof timeouts>

export function timeoutViolations({ deadlineHeader }: TimeoutFields): Violation[] {
  if (deadlineHeader === undefined || !isOwn(deadlineHeader)) return []
  const path = ['spec', 'timeouts', 'deadlineHeader']
  return [{ path, message: 'must be another field: this one is written by the gateway or the connection' }]
}

type Timeouts = Pick<
  Cluster,
  'requestTimeoutMs' | 'attemptTimeoutMs' | 'firstByteTimeoutMs' | 'deadlineHeader'
>

/** As in the standard's timeouts, 0 is none. */
export function clusterTimeoutsOf({ request, attempt, firstByte, deadlineHeader }: TimeoutFields): Timeouts {
  const limit = (text: string | undefined): number => (text === undefined ? 0 : durationMs(text)!)
  const [requestTimeoutMs, attemptTimeoutMs, firstByteTimeoutMs] = [request, attempt, firstByte].map(limit)
  return {
    ...(requestTimeoutMs! > 0 && { requestTimeoutMs: requestTimeoutMs! }),
    ...(attemptTimeoutMs! > 0 && { attemptTimeoutMs: attemptTimeoutMs! }),
    ...(firstByteTimeoutMs! > 0 && { firstByteTimeoutMs: firstByteTimeoutMs! }),
    ...(deadlineHeader !== undefined && { deadlineHeader }),
  }
}
