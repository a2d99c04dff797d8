import { Type } from 'typebox'
import { later, PORTCULLIS, type ResourceKind } from '../../../model/kind.ts'
import type { Resource } from '../../../model/resource.ts'
import { backendDefaults } from '../../../model/defaults.ts'
import { durationMs, formatBytes, formatDuration, quantityBytes } from '../../../model/quantity.ts'
import {
  byteQuantity,
  duration,
  INT32,
  integer,
  object,
  optional,
  described,
  policyTargets,
  required,
  type Violation,
  type Shape,
} from '../../../model/kinds/shapes.ts'
import { sessionPersistence } from '../../../model/kinds/route.ts'
import { sessionRules } from '../../../model/kinds/route-rules.ts'
import { balancingViolations, loadBalancing, balancingCel } from './load-balancing.ts'
import { healthChecks, healthCheckViolations, healthCheckCel } from './health-checks.ts'
import { outlierDetection } from './outlier-detection.ts'
import { breakerViolations, circuitBreaker } from './breaker.ts'
import { adaptiveConcurrency, adaptiveConcurrencyViolations } from './adaptive-concurrency.ts'
import { hedging } from './hedging.ts'
import { retry, retryViolations } from './retry.ts'
import { timeouts, timeoutViolations } from './timeouts.ts'
import { retryBudget, retryBudgetViolations } from './retry-budget.ts'
import { tlsChoices, tlsViolations, tlsCel } from '../../../model/kinds/tls-settings.ts'

const connections = object({
  max: optional(
    integer(0, INT32),
    'Most connections to the backend, of this process, those of TLSRoutes and TCPRoutes among them, where the client with most of these loses one to who has fewer; each worker has its share. 0: no limit.',
    backendDefaults.maxConnections,
  ),
  maxPending: optional(
    integer(0, INT32),
    'How many requests may wait for a connection, served in turn by client. Beyond, the client with most of them gets 503. 0: nobody waits.',
    backendDefaults.maxPending,
  ),
  maxRequestsPerConnection: optional(
    integer(0, INT32),
    'After so many requests a connection is closed, and another one made. 0: no limit.',
    backendDefaults.maxRequestsPerConnection,
  ),
  connectTimeout: optional(
    duration,
    'How long a connection may take to be made, and how long a request may wait for one.',
    formatDuration(backendDefaults.connectTimeoutMs),
  ),
  attempts: optional(
    integer(1, 100),
    'Connections tried for a request where none can be made, each to another endpoint where there is one. Where the route has a `retry`, its `attempts` count.',
    backendDefaults.connectAttempts,
  ),
  proxyProtocol: optional(
    Type.Enum(['V1', 'V2']),
    'The PROXY header that each connection begins with, before TLS: it tells the backend the addresses and ports of the client and of the gateway. A connection is of one client then, and is never used for another. Left out: none.',
  ),
  idleTimeout: optional(
    duration,
    'How long a connection without a request is kept. To be below what the backend has, so that no request meets a connection that it just closes.',
    formatDuration(backendDefaults.idleTimeoutMs),
  ),
})

const pressure = object({
  bodyStart: optional(
    byteQuantity,
    'Bytes of its body that a request must have brought before it gets a connection, or all of it, while somebody waits for one or more than half are taken. 0: at once.',
    formatBytes(backendDefaults.bodyStartBytes),
  ),
  bodyRate: optional(
    byteQuantity,
    "Bytes a second that a request's body must bring while others wait for its connection; 408 below. Time in which the backend takes nothing is not counted. 0: nothing is asked.",
    formatBytes(backendDefaults.bodyBytesPerSecond),
  ),
  patience: optional(
    duration,
    'How long a body may fall short of that, or a client take nothing of its response, before its connection goes to somebody who waits. Below connections.connectTimeout. 0s: for ever.',
    formatDuration(backendDefaults.patienceMs),
  ),
})

const responses = object({
  fieldBytes: optional(
    byteQuantity,
    'Most bytes of one header line of a response, between 1Ki and 1Mi; 502 beyond.',
    formatBytes(backendDefaults.fieldBytes),
  ),
  headBytes: optional(
    byteQuantity,
    'Most bytes of all header lines of a response, between 1Ki and 1Mi; 502 beyond.',
    formatBytes(backendDefaults.headBytes),
  ),
  fields: optional(
    integer(1, 10_000),
    'Most header lines of a response; 502 beyond.',
    backendDefaults.fieldCount,
  ),
})

/** portcullis.dev/v1alpha1 BackendPolicy. */
const backendPolicySchema = object(
  {
    spec: required(
      object({
        targetRefs: required(
          policyTargets,
          'Services, ports of them by `sectionName`, and Backends. What the policy of a port says goes before that of its Service, field by field; of two for the same thing the older one counts.',
        ),
        loadBalancing: optional(loadBalancing, 'Which endpoint a request is sent to.'),
        sessionPersistence: optional(
          sessionPersistence,
          'Keeps the requests of a session on one endpoint of the backend, by whatever rule they come that says nothing of sessions itself. A rule of several backends keeps sessions where all of them say the same.',
        ),
        connections: optional(
          connections,
          'How many connections there are, how they are made, and who waits.',
        ),
        responses: optional(responses, 'How large the head of a response may be.'),
        pressure: optional(pressure, 'What slow clients must do while others wait for connections.'),
        outlierDetection: optional(outlierDetection, 'When an endpoint that fails is left out for a while.'),
        dns: optional(
          object({
            refresh: optional(
              duration,
              'Time between two look-ups of a name.',
              formatDuration(backendDefaults.dnsRefreshMs),
            ),
          }),
          'How endpoints that are DNS names are resolved.',
        ),
        healthChecks: optional(healthChecks, 'Checks of endpoints beside the requests of clients.'),
        circuitBreaker: optional(circuitBreaker, 'When requests are kept from the backend.'),
        adaptiveConcurrency: optional(
          adaptiveConcurrency,
          'How many requests at once the backend bears is found out by its latency; 503 beyond (concurrency_limit_reached). `{}` for all that follows. Left out: as many as come.',
        ),
        hedging: optional(
          hedging,
          'When a request that waits for its answer is sent to another endpoint too; the first answer counts, and the other attempt is given up. `{}` for all by default. Left out: never.',
        ),
        retryBudget: optional(
          retryBudget,
          'How many of the requests to the backend may be retries, of all workers together. Beyond, what failed is answered as it is. Only what may have reached the backend counts: another connection, where none could be made, is no retry.',
        ),
        retry: optional(
          retry,
          'What is repeated, beside and beyond the `retry` of a route; and what may be, by that or where a kept connection is closed.',
        ),
        tls: optional(
          object(tlsChoices(backendDefaults, 'Left out, those of OpenSSL.')),
          'Of connections that a BackendTLSPolicy secures, or the protocol of a Backend: those say whom to trust.',
        ),
        timeouts: optional(timeouts, 'How long requests may take.'),
        meshMode: optional(
          Type.Enum(['Disabled', 'Permissive', 'Strict']),
          'Whether the connections between workloads are secured by the mesh. Unless it is `Disabled` the mesh repeats what fails, and nothing is repeated here that the backend may have had.',
        ),
      }),
      'What is said here goes before what is built in; fields that are left out have their defaults.',
    ),
  },
  {
    description:
      'How a Service or a Backend is treated: balancing, connections, timeouts, and what failing endpoints meet.',
  },
)

export type BackendPolicyBody = Shape<typeof backendPolicySchema>
export type BackendPolicy = Resource<BackendPolicyBody>

export const BackendPolicy: ResourceKind<BackendPolicy> = {
  group: PORTCULLIS,
  versions: ['v1alpha1'],
  kind: 'BackendPolicy',
  plural: 'backendpolicies',
  scope: 'Namespaced',
  role: 'ingress',
  schema: backendPolicySchema,
  rules: backendPolicyRules,
  cel: [
    ...tlsCel,
    ...balancingCel,
    ...healthCheckCel,
    {
      path: 'spec.targetRefs.*',
      rule: `(self.group == '' && self.kind == 'Service') || (self.group == '${PORTCULLIS}' && self.kind == 'Backend' && !has(self.sectionName))`,
      message: 'expected Service (group ""), or Backend (group "portcullis.dev"), which has no sections',
    },
    {
      path: 'spec.circuitBreaker.trip',
      rule: "!has(self.interval) || duration(self.interval) >= duration('1s')",
      message: 'interval must be 1s at least',
    },
    {
      path: 'spec.retryBudget',
      rule: "!has(self.interval) || duration(self.interval) >= duration('1s')",
      message: 'interval must be 1s at least',
    },
    {
      path: 'spec.retry.backOff',
      rule: '!has(self.baseInterval) || !has(self.maxInterval) || duration(self.maxInterval) >= duration(self.baseInterval)',
      message: 'maxInterval must not be below baseInterval',
    },
  ],
  limits: 'backends',
  unserved: [
    later(
      'spec.meshMode',
      'the mesh role is not served yet; of this only that what a mesh repeats is not repeated here',
      ['Permissive', 'Strict'],
    ),
  ],
}

function backendPolicyRules({ spec }: BackendPolicyBody): Violation[] {
  const violations: Violation[] = []
  spec.targetRefs.forEach((target, i) => {
    const service = target.group === '' && target.kind === 'Service'
    const backend = target.group === PORTCULLIS && target.kind === 'Backend'
    if (!service && !backend)
      violations.push({
        path: ['spec', 'targetRefs', i, 'kind'],
        message: `a BackendPolicy cannot attach to ${described(target)}, expected Service (group "") or Backend (group "portcullis.dev")`,
      })
    else if (backend && target.sectionName !== undefined)
      violations.push({
        path: ['spec', 'targetRefs', i, 'sectionName'],
        message: 'must be absent: a Backend has no sections',
      })
  })
  return [
    ...violations,
    ...balancingViolations(spec.loadBalancing ?? {}),
    ...(spec.sessionPersistence ? sessionRules(spec.sessionPersistence, ['spec', 'sessionPersistence']) : []),
    ...responseViolations(spec),
    ...patienceViolations(spec),
    ...breakerViolations(spec.circuitBreaker ?? {}),
    ...(spec.adaptiveConcurrency === undefined
      ? []
      : adaptiveConcurrencyViolations(spec.adaptiveConcurrency)),
    ...retryViolations(spec.retry ?? {}),
    ...timeoutViolations(spec.timeouts ?? {}),
    ...retryBudgetViolations(spec.retryBudget ?? {}),
    ...tlsViolations(spec.tls ?? {}),
    ...healthCheckViolations(spec.healthChecks),
  ]
}

/** Less than this no server's answer fits in, and more than that is a body. */
const LEAST_BYTES = 1024
const MOST_BYTES = 1024 * 1024

function responseViolations({ responses: given = {} }: BackendPolicyBody['spec']): Violation[] {
  return (['fieldBytes', 'headBytes'] as const).flatMap(name => {
    const size = given[name] === undefined ? LEAST_BYTES : (quantityBytes(given[name]) ?? LEAST_BYTES)
    if (size >= LEAST_BYTES && size <= MOST_BYTES) return []
    return [{ path: ['spec', 'responses', name], message: 'must be between 1Ki and 1Mi' }]
  })
}

/** Whoever waits for a connection must have one of somebody's who is too slow before the wait is over. */
function patienceViolations(spec: BackendPolicyBody['spec']): Violation[] {
  const { patience } = spec.pressure ?? {}
  const { connectTimeout } = spec.connections ?? {}
  // The policy of a port may have what it leaves out from that of its Service.
  const whole = spec.targetRefs.every(({ sectionName }) => sectionName === undefined)
  if (patience === undefined || (connectTimeout === undefined && !whole)) return []
  const wait = connectTimeout ?? formatDuration(backendDefaults.connectTimeoutMs)
  if (durationMs(patience)! < durationMs(wait)!) return []
  const path = ['spec', 'pressure', 'patience']
  const message = `must be below connections.connectTimeout (${wait}), how long a request may wait for a connection`
  return [{ path, message }]
}
