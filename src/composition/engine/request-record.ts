import type { GatewayAnswer, GatewayRequest, Observer, RequestRecord } from './messages.ts'

export function newRequestRecord(
  request: GatewayRequest,
  route: string | null,
  startedMs: number,
): RequestRecord {
  return {
    request,
    route,
    startedMs,
    endedMs: null,
    status: null,
    failure: null,
    method: null,
    partials: [],
  }
}

/** Of a request that no route has taken. */
export function tellUnrouted(
  observer: Observer,
  request: GatewayRequest,
  { status }: GatewayAnswer,
  nowMs: number,
): void {
  const record = newRequestRecord(request, null, nowMs)
  observer.entered?.(record)
  record.status = status
  record.endedMs = nowMs
  observer.left?.(record)
}
