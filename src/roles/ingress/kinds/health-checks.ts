import type { CelRule } from '../../../model/kind.ts'
import { Type } from 'typebox'
import { backendDefaults } from '../../../model/defaults.ts'
import {
  duration,
  integer,
  object,
  optional,
  port,
  preciseHostname,
  set,
  text,
  type Shape,
  type Violation,
} from '../../../model/kinds/shapes.ts'
import { durationMs, formatDuration } from '../../../model/quantity.ts'

const standard = backendDefaults.healthChecks

/** spec.healthChecks: endpoints are asked beside the requests of clients. */
export const healthChecks = object({
  type: optional(
    Type.Enum(['HTTP', 'HTTP2', 'GRPC', 'TCP', 'TLS']),
    'What an endpoint is asked by: HTTP by the protocol of the backend, HTTP2 and GRPC (grpc.health.v1) by HTTP/2, TCP and TLS by a connection alone, which TLS secures as requests are.',
    standard.type,
  ),
  interval: optional(
    duration,
    'Time between two checks of an endpoint, a tenth more or less.',
    formatDuration(standard.intervalMs),
  ),
  timeout: optional(
    duration,
    'How long a check may take, its connection included. At most the interval.',
    formatDuration(standard.timeoutMs),
  ),
  healthyThreshold: optional(
    integer(1, 100),
    'Good answers in a row until an endpoint is used again. The first check of all decides at once.',
    standard.healthyThreshold,
  ),
  unhealthyThreshold: optional(
    integer(1, 100),
    'Checks that fail in a row until an endpoint is left out. The first check of all decides at once.',
    standard.unhealthyThreshold,
  ),
  initialState: optional(
    Type.Enum(['Healthy', 'Unhealthy']),
    'Whether an endpoint takes requests before its first check. Where all wait for it, requests are answered 503.',
    standard.initialState,
  ),
  port: optional(port, 'The port that is asked; left out, that of the endpoint.'),
  http: optional(
    object({
      method: optional(
        Type.Enum(['GET', 'HEAD', 'OPTIONS']),
        'The method that is asked by.',
        standard.method,
      ),
      path: optional(text(1024, 1), 'The path that is asked for, with its query.', standard.path),
      hostname: optional(
        preciseHostname,
        'The Host that is asked for; left out, the name that its certificate must have, or its address.',
      ),
      statuses: optional(set(integer(100, 599), 100), 'Status codes that are good; left out, 200.'),
      body: optional(
        text(1024, 1),
        'What the first 64 KiB of the body must have in them; left out, anything.',
      ),
    }),
    'For types HTTP and HTTP2: the request, and which answers are good.',
  ),
  grpc: optional(
    object({
      service: optional(text(256), 'The service that is asked about; left out, the server as a whole.'),
    }),
    'For type GRPC: the health checking protocol of gRPC.',
  ),
})

export type HealthChecksSpec = Shape<typeof healthChecks>

/** More often than that is load, and no check. */
const LEAST_MS = 100

/** The same for an API server. */
export const healthCheckCel: readonly CelRule[] = [
  {
    path: 'spec.healthChecks',
    rule: "!has(self.http) || !has(self.type) || self.type in ['HTTP', 'HTTP2']",
    message: 'http is only for type HTTP or HTTP2',
  },
  {
    path: 'spec.healthChecks',
    rule: "!has(self.grpc) || (has(self.type) && self.type == 'GRPC')",
    message: 'grpc is only for type GRPC',
  },
  {
    path: 'spec.healthChecks',
    rule: `!has(self.interval) || duration(self.interval) >= duration('${LEAST_MS}ms')`,
    message: `interval must be at least ${LEAST_MS}ms`,
  },
]

export function healthCheckViolations(given: HealthChecksSpec | undefined): Violation[] {
  if (given === undefined) return []
  const { type = standard.type, http, grpc, interval, timeout } = given
  const path = ['spec', 'healthChecks']
  const violations: Violation[] = []
  const fail = (field: string[], message: string) => violations.push({ path: [...path, ...field], message })
  if (http !== undefined && type !== 'HTTP' && type !== 'HTTP2')
    fail(['http'], `must be absent for type ${type}, expected type HTTP or HTTP2`)
  if (grpc !== undefined && type !== 'GRPC')
    fail(['grpc'], `must be absent for type ${type}, expected type GRPC`)
  if (http?.path !== undefined && !/^\/[!-~]*$/.test(http.path))
    fail(
      ['http', 'path'],
      'must begin with "/" and have neither spaces nor characters that URLs want encoded',
    )
  if (http?.method === 'HEAD' && http.body !== undefined)
    fail(['http', 'body'], 'must be absent for method HEAD, whose answers have no body')
  const intervalMs = interval === undefined ? standard.intervalMs : durationMs(interval)!
  const timeoutMs = timeout === undefined ? standard.timeoutMs : durationMs(timeout)!
  if (intervalMs < LEAST_MS) fail(['interval'], `must be at least ${LEAST_MS}ms`)
  else if (timeoutMs <= 0 || timeoutMs > intervalMs)
    fail(['timeout'], `must be more than 0s and at most the interval (${formatDuration(intervalMs)})`)
  return violations
}
