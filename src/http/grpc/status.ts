import type { FailureName } from '../failures.ts'

/** Status codes (https://github.com/grpc/grpc/blob/master/doc/statuscodes.md), those that somebody here gives. */
export const OK = 0
export const CANCELLED = 1
export const UNKNOWN = 2
export const INVALID_ARGUMENT = 3
export const DEADLINE_EXCEEDED = 4
const PERMISSION_DENIED = 7
export const RESOURCE_EXHAUSTED = 8
export const UNIMPLEMENTED = 12
export const INTERNAL = 13
const UNAVAILABLE = 14
const DATA_LOSS = 15
const UNAUTHENTICATED = 16

/** The highest code that there is. */
const LAST = UNAUTHENTICATED

/**
 * What a gRPC client is told of each failure. UNAVAILABLE invites it to try
 * again, so that it stands only where the backend, the gateway or the network
 * may be better in a moment.
 */
const byFailure: Readonly<Record<FailureName, number>> = {
  http_request_error: INTERNAL,
  http_request_timeout: DEADLINE_EXCEEDED,
  http_request_too_slow: RESOURCE_EXHAUSTED,
  http_response_not_taken: RESOURCE_EXHAUSTED,
  http_request_denied: PERMISSION_DENIED,
  authentication_required: UNAUTHENTICATED,
  authentication_failed: UNAUTHENTICATED,
  access_denied: PERMISSION_DENIED,
  address_denied: PERMISSION_DENIED,
  rate_limited: RESOURCE_EXHAUSTED,
  api_key_malformed: UNAUTHENTICATED,
  api_key_unknown: UNAUTHENTICATED,
  api_key_expired: UNAUTHENTICATED,
  token_invalid: UNAUTHENTICATED,
  token_expired: UNAUTHENTICATED,
  credential_conflict: INTERNAL,
  issuer_unavailable: UNAVAILABLE,
  insufficient_scope: PERMISSION_DENIED,
  subscription_required: PERMISSION_DENIED,
  subscription_inactive: PERMISSION_DENIED,
  operation_not_in_product: PERMISSION_DENIED,
  plan_rate_limited: RESOURCE_EXHAUSTED,
  plan_quota_exceeded: RESOURCE_EXHAUSTED,
  limit_store_unavailable: UNAVAILABLE,
  api_not_published: UNIMPLEMENTED,
  api_retired: UNIMPLEMENTED,
  http_method_not_allowed: UNIMPLEMENTED,
  http_request_too_large: RESOURCE_EXHAUSTED,
  request_header_section_size: RESOURCE_EXHAUSTED,
  not_stored: UNAVAILABLE,
  maintenance: UNAVAILABLE,
  client_gone: CANCELLED,

  misdirected_request: UNKNOWN,
  route_not_found: UNIMPLEMENTED,
  destination_not_found: UNAVAILABLE,
  protection_missing: INTERNAL,
  authorization_unavailable: UNAVAILABLE,
  destination_unavailable: UNAVAILABLE,

  dns_error: UNAVAILABLE,
  connection_refused: UNAVAILABLE,
  connection_timeout: UNAVAILABLE,
  destination_ip_unroutable: UNAVAILABLE,
  destination_ip_prohibited: UNAVAILABLE,
  tls_certificate_error: UNAVAILABLE,
  tls_protocol_error: UNAVAILABLE,
  tls_alert_received: UNAVAILABLE,
  connection_terminated: UNAVAILABLE,
  connection_limit_reached: UNAVAILABLE,
  backend_request_limit_reached: UNAVAILABLE,
  bulkhead_full: UNAVAILABLE,
  breaker_open: UNAVAILABLE,
  bundle_unavailable: UNAVAILABLE,
  bundle_terminated: UNAVAILABLE,
  bundle_overloaded: UNAVAILABLE,
  bundle_stalled: UNAVAILABLE,
  filter_unavailable: UNAVAILABLE,
  concurrency_limit_reached: UNAVAILABLE,
  http_response_incomplete: UNAVAILABLE,
  http_response_timeout: DEADLINE_EXCEEDED,
  http_protocol_error: INTERNAL,
  http_upgrade_failed: INTERNAL,
  http_response_body_size: RESOURCE_EXHAUSTED,
  response_header_section_size: RESOURCE_EXHAUSTED,

  proxy_configuration_error: INTERNAL,
  proxy_internal_error: INTERNAL,
  proxy_overloaded: UNAVAILABLE,
  proxy_ports_exhausted: UNAVAILABLE,
  proxy_loop_detected: INTERNAL,
}

/** What a gRPC client takes an HTTP status for (doc/http-grpc-status-mapping.md), and what the failure above says of 413. */
const byHttpStatus: Readonly<Record<number, number>> = {
  400: INTERNAL,
  401: UNAUTHENTICATED,
  403: PERMISSION_DENIED,
  404: UNIMPLEMENTED,
  413: RESOURCE_EXHAUSTED,
  429: UNAVAILABLE,
  431: INTERNAL,
  502: UNAVAILABLE,
  503: UNAVAILABLE,
  504: UNAVAILABLE,
}

/** What an upstream's reset stands for, by the name of its error code in h2/codes.ts (doc/PROTOCOL-HTTP2.md, "Errors"). */
const byReset: Readonly<Record<string, number>> = {
  no_error: INTERNAL,
  protocol_error: INTERNAL,
  internal_error: INTERNAL,
  flow_control_error: INTERNAL,
  settings_timeout: INTERNAL,
  frame_size_error: INTERNAL,
  refused_stream: UNAVAILABLE,
  cancel: CANCELLED,
  compression_error: INTERNAL,
  connect_error: INTERNAL,
  enhance_your_calm: RESOURCE_EXHAUSTED,
  inadequate_security: PERMISSION_DENIED,
}

/** `detail` is that of the failure: where it names a reset, that is what counts. */
export function failureStatus(failure: FailureName, detail: string): number {
  return byReset[detail] ?? byFailure[failure]
}

const serviceFaults: ReadonlySet<number> = new Set([
  UNKNOWN,
  DEADLINE_EXCEEDED,
  UNIMPLEMENTED,
  INTERNAL,
  UNAVAILABLE,
  DATA_LOSS,
])

/** Whether a code says that the service is at fault and not its caller: what is an error of a server to OpenTelemetry. */
export function isServiceFault(status: number): boolean {
  return serviceFaults.has(status)
}

/**
 * What a code says of the service that gave it, as an HTTP status: the faults of a service as Envoy has them
 * (Grpc::Utility::grpcToHttpStatus). Deadlines are the client's, so that DEADLINE_EXCEEDED is none of them.
 */
export function serviceStatus(status: number): number {
  if (status === UNAVAILABLE) return 503
  if (status === UNIMPLEMENTED || status === DEADLINE_EXCEEDED) return 200
  return isServiceFault(status) ? 500 : 200
}

export function httpStatus(status: number): number {
  return byHttpStatus[status] ?? UNKNOWN
}

/** The code that `grpc-status` says, UNKNOWN for what is none, as clients take it. */
export function readStatus(text: string): number {
  const status = /^\d{1,2}$/.test(text) ? Number(text) : UNKNOWN
  return status <= LAST ? status : UNKNOWN
}
