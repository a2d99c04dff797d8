/**
 * Everything that can go wrong with an exchange, in one table of decisions.
 * Names are RFC 9209 (Proxy-Status) error types where that registry has one, so
 * that access log, metrics and headers share a vocabulary; the others follow
 * its style.
 *
 * `side` says whose fault it is; `retry` whether another attempt may be made:
 * `always` (nothing of the request can have been acted on), `if-idempotent`
 * (RFC 9110 §9.2.2), or `never`.
 */
export interface FailureType {
  readonly status: number
  readonly side: 'downstream' | 'upstream' | 'internal'
  readonly retry: 'always' | 'if-idempotent' | 'never'
  readonly title: string
  /** The URI of its kind of problem (RFC 9457 §3.1.1), where it has one of its own. */
  readonly problemType?: string
}

const table = {
  // The client's request (codec rejections carry a rule of their own beside this).
  http_request_error: { status: 400, side: 'downstream', retry: 'never', title: 'The request is malformed' },
  http_request_timeout: {
    status: 408,
    side: 'downstream',
    retry: 'never',
    title: 'The request did not arrive in time',
  },
  http_request_too_slow: {
    status: 408,
    side: 'downstream',
    retry: 'never',
    title: 'The request came too slowly while others waited for the backend',
  },
  http_response_not_taken: {
    status: 408,
    side: 'downstream',
    retry: 'never',
    title: 'The response was not taken while others waited for the backend',
  },
  http_request_denied: {
    status: 403,
    side: 'downstream',
    retry: 'never',
    title: 'The request is not allowed',
  },
  authentication_required: {
    status: 401,
    side: 'downstream',
    retry: 'never',
    title: 'The request needs credentials',
  },
  authentication_failed: {
    status: 401,
    side: 'downstream',
    retry: 'never',
    title: 'The credentials of the request are not accepted',
  },
  access_denied: {
    status: 403,
    side: 'downstream',
    retry: 'never',
    title: 'Who asks may not do this',
  },
  address_denied: {
    status: 403,
    side: 'downstream',
    retry: 'never',
    title: 'The address of the client is not allowed here',
  },
  rate_limited: {
    status: 429,
    side: 'downstream',
    retry: 'never',
    title: 'Too many requests',
    // draft-ietf-httpapi-ratelimit-headers, "Problem Types".
    problemType: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
  },
  http_method_not_allowed: {
    status: 405,
    side: 'downstream',
    retry: 'never',
    title: 'The method is not taken here',
  },
  http_request_too_large: {
    status: 413,
    side: 'downstream',
    retry: 'never',
    title: 'The request body is too large',
  },
  request_header_section_size: {
    status: 431,
    side: 'downstream',
    retry: 'never',
    title: 'The request head is larger than the backend takes',
  },
  // Who may use an API, and how much.
  api_key_malformed: {
    status: 401,
    side: 'downstream',
    retry: 'never',
    title: 'What the request sends as its API key is no key of a gateway',
  },
  api_key_unknown: {
    status: 401,
    side: 'downstream',
    retry: 'never',
    title: 'The API key of the request is not accepted',
  },
  api_key_expired: {
    status: 401,
    side: 'downstream',
    retry: 'never',
    title: 'The API key of the request is not valid now',
  },
  token_invalid: {
    status: 401,
    side: 'downstream',
    retry: 'never',
    title: 'The token of the request is not accepted',
  },
  token_expired: {
    status: 401,
    side: 'downstream',
    retry: 'never',
    title: 'The token of the request is not valid now',
  },
  credential_conflict: {
    status: 400,
    side: 'downstream',
    retry: 'never',
    title: 'The request has several credentials that are not the same',
  },
  issuer_unavailable: {
    status: 503,
    side: 'internal',
    retry: 'never',
    title: 'The keys of the issuer of tokens cannot be had',
  },
  insufficient_scope: {
    status: 403,
    side: 'downstream',
    retry: 'never',
    title: 'The scopes of the credential do not suffice',
  },
  subscription_required: {
    status: 403,
    side: 'downstream',
    retry: 'never',
    title: 'The application has no subscription to this API',
  },
  subscription_inactive: {
    status: 403,
    side: 'downstream',
    retry: 'never',
    title: 'The subscription of the application is not active',
  },
  operation_not_in_product: {
    status: 403,
    side: 'downstream',
    retry: 'never',
    title: 'The product of the subscription does not have this operation',
  },
  plan_rate_limited: {
    status: 429,
    side: 'downstream',
    retry: 'never',
    title: 'Too many requests for the plan',
    // draft-ietf-httpapi-ratelimit-headers, "Problem Types".
    problemType: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
  },
  plan_quota_exceeded: {
    status: 429,
    side: 'downstream',
    retry: 'never',
    title: 'The quota of the plan is used up',
    // draft-ietf-httpapi-ratelimit-headers, "Problem Types".
    problemType: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
  },
  limit_store_unavailable: {
    status: 503,
    side: 'internal',
    retry: 'never',
    title: 'What counts requests cannot be asked',
  },
  api_not_published: {
    status: 404,
    side: 'internal',
    retry: 'never',
    title: 'There is no such API',
  },
  api_retired: {
    status: 410,
    side: 'internal',
    retry: 'never',
    title: 'The API is no longer served',
  },

  maintenance: { status: 503, side: 'internal', retry: 'never', title: 'Down for maintenance' },
  not_stored: {
    status: 504,
    side: 'downstream',
    retry: 'never',
    title: 'Only what is stored was asked for, and nothing is',
  },
  client_gone: { status: 499, side: 'downstream', retry: 'never', title: 'The client closed the connection' },

  // Routing.
  misdirected_request: {
    status: 421,
    side: 'downstream',
    retry: 'never',
    title: 'The connection is not for this host; use another one',
  },
  route_not_found: { status: 404, side: 'internal', retry: 'never', title: 'No route matches the request' },
  destination_not_found: {
    status: 500,
    side: 'internal',
    retry: 'never',
    title: 'The route has no valid backend',
  },
  protection_missing: {
    status: 500,
    side: 'internal',
    retry: 'never',
    title: 'A policy or a filter that may protect the route is not in force',
  },
  authorization_unavailable: {
    status: 503,
    side: 'internal',
    retry: 'never',
    title: 'Who decides about the request cannot be asked',
  },
  destination_unavailable: {
    status: 503,
    side: 'upstream',
    retry: 'always',
    title: 'The backend has no endpoint available',
  },

  // The upstream.
  dns_error: { status: 503, side: 'upstream', retry: 'always', title: 'The backend name cannot be resolved' },
  connection_refused: {
    status: 502,
    side: 'upstream',
    retry: 'always',
    title: 'The backend refused the connection',
  },
  connection_timeout: {
    status: 504,
    side: 'upstream',
    retry: 'always',
    title: 'The backend did not accept the connection in time',
  },
  destination_ip_unroutable: {
    status: 502,
    side: 'upstream',
    retry: 'always',
    title: 'The backend address cannot be reached',
  },
  destination_ip_prohibited: {
    status: 502,
    side: 'upstream',
    retry: 'always',
    title: 'The backend address is one that nobody may be sent to',
  },
  tls_certificate_error: {
    status: 502,
    side: 'upstream',
    retry: 'always',
    title: 'The certificate of the backend is not trusted',
  },
  tls_protocol_error: {
    status: 502,
    side: 'upstream',
    retry: 'if-idempotent',
    title: 'The backend does not speak TLS as it should',
  },
  tls_alert_received: {
    status: 502,
    side: 'upstream',
    retry: 'if-idempotent',
    title: 'The backend refused the TLS connection',
  },
  connection_terminated: {
    status: 502,
    side: 'upstream',
    retry: 'if-idempotent',
    title: 'The backend closed the connection before it answered',
  },
  connection_limit_reached: {
    status: 503,
    side: 'upstream',
    retry: 'always',
    title: 'The connection limit of the backend is reached',
  },
  backend_request_limit_reached: {
    status: 503,
    side: 'upstream',
    retry: 'never',
    title: 'The backend has as many requests as it may have',
  },
  bulkhead_full: {
    status: 503,
    side: 'internal',
    retry: 'never',
    title: 'As many requests of the route are under way as may be',
  },
  concurrency_limit_reached: {
    status: 503,
    side: 'upstream',
    retry: 'never',
    title: 'The backend has as many requests as it answers in time',
  },
  breaker_open: {
    status: 503,
    side: 'upstream',
    retry: 'never',
    title: 'The backend has failed of late, and is left alone for a while',
  },
  bundle_unavailable: {
    status: 503,
    side: 'upstream',
    retry: 'always',
    title: 'The composition does not run',
  },
  // What has ended one thread, or holds it, would do so with the next one too.
  bundle_terminated: {
    status: 503,
    side: 'upstream',
    retry: 'never',
    title: 'The composition ended before it answered',
  },
  bundle_stalled: {
    status: 503,
    side: 'upstream',
    retry: 'never',
    title: 'The composition stood still',
  },
  bundle_overloaded: {
    status: 503,
    side: 'upstream',
    retry: 'never',
    title: 'The composition holds as much as it may, and much of it for this client',
  },
  filter_unavailable: {
    status: 503,
    side: 'internal',
    retry: 'never',
    title: 'A filter of the route does not run, or has failed',
  },
  http_response_incomplete: {
    status: 502,
    side: 'upstream',
    retry: 'if-idempotent',
    title: 'The response of the backend ended early',
  },
  http_response_timeout: {
    status: 504,
    side: 'upstream',
    retry: 'if-idempotent',
    title: 'The backend did not answer in time',
  },
  http_protocol_error: {
    status: 502,
    side: 'upstream',
    retry: 'if-idempotent',
    title: 'The response of the backend is malformed',
  },
  http_upgrade_failed: {
    status: 502,
    side: 'upstream',
    retry: 'never',
    title: 'The backend did not switch protocols as asked',
  },
  http_response_body_size: {
    status: 502,
    side: 'upstream',
    retry: 'never',
    title: 'The response body of the backend is too large',
  },
  response_header_section_size: {
    status: 502,
    side: 'upstream',
    retry: 'never',
    title: 'The response head of the backend is too large',
  },

  // Ourselves.
  proxy_internal_error: { status: 500, side: 'internal', retry: 'never', title: 'The gateway failed' },
  proxy_configuration_error: {
    status: 500,
    side: 'internal',
    retry: 'never',
    title: 'The gateway cannot serve the route as it is configured',
  },
  proxy_overloaded: { status: 503, side: 'internal', retry: 'never', title: 'The gateway is overloaded' },
  // Ports are by endpoint, so that another one may still be connected to.
  proxy_ports_exhausted: {
    status: 503,
    side: 'internal',
    retry: 'always',
    title: 'The gateway has no port left for a connection to the backend',
  },
  proxy_loop_detected: {
    status: 508,
    side: 'internal',
    retry: 'never',
    title: 'The request went in a circle',
  },
} as const satisfies Record<string, FailureType>

export type FailureName = keyof typeof table
export const failures: Readonly<Record<FailureName, FailureType>> = table

export function isFailureName(name: string): name is FailureName {
  return Object.hasOwn(table, name)
}

/**
 * A message that the codec refuses. `rule` names the rule for access log and
 * metrics (a fixed, small set); `detail` is for the sender, and names the
 * ClientPolicy switch where one exists. Never contains bytes of the message.
 */
export class Rejection {
  readonly status: number
  readonly rule: string
  readonly detail: string

  constructor(status: number, rule: string, detail: string) {
    this.status = status
    this.rule = rule
    this.detail = detail
  }
}
