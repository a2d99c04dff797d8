import { backendDefaults } from '../../model/defaults.ts'
import { MOST_SESSIONS } from '../../proxy/udp/session-book.ts'
import type { Cluster } from '../../snapshot/cluster.ts'
import type { Ejection, HealthChecks } from '../../snapshot/health.ts'
import type { BreakerTrip, ClusterRetry } from '../../snapshot/resilience.ts'
import type { Port } from '../../snapshot/snapshot.ts'

/** What a port allows its clients, in one line; what has no limit is left out. */
export function clientLimits({ protocol, client }: Port): string {
  const connections = client.connections > 0 && `${client.connections} connections per worker`
  if (protocol === 'udp')
    return `${MOST_SESSIONS} sessions per worker, or fewer by the files that the process may open`
  if (protocol === 'tcp')
    return sentence(proxyHeader(client), connections || 'as many connections as the process has files for')
  return sentence(
    proxyHeader(client),
    `request line ${bytes(client.requestLineBytes)}`,
    `field ${bytes(client.fieldBytes)}`,
    `head ${bytes(client.headBytes)} of ${client.fieldCount} fields within ${time(client.headTimeoutMs)}`,
    client.bodyBytes > 0 && `body ${bytes(client.bodyBytes)}`,
    `body idle ${time(client.bodyIdleTimeoutMs)}`,
    `connection idle ${time(client.idleTimeoutMs)}`,
    `${client.streams} streams per connection of HTTP/2, stalled for ${time(client.stallTimeoutMs)}`,
    connections,
    client.openings > 0 && `${client.openings} that have said nothing yet`,
    protocol === 'tls' && client.handshakes > 0 && `${client.handshakes} in a handshake`,
    client.requestsPerConnection > 0 && `${client.requestsPerConnection} requests per connection`,
    protocol === 'tls' && `${client.tlsMinVersion} to ${client.tlsMaxVersion}`,
  )
}

/** What a port takes of its clients, and what becomes of it, in one line. */
export function clientRules({ client }: Port): string {
  return sentence(
    client.methods === '' ? 'every method but TRACE and CONNECT' : client.methods.replaceAll(',', ', '),
    `%2F and %5C: ${client.encodedSlash}`,
    `//: ${client.emptySegments}`,
    `characters that URLs want encoded: ${client.illegalCharacters}`,
    `field names with _: ${client.underscores}`,
    client.trustedHops > 0 && `${client.trustedHops} trusted hops`,
    `X-Forwarded-Port of the ${client.forwardedPort}`,
  )
}

function proxyHeader(client: Port['client']): string | false {
  const { proxyProtocol, proxyProtocolRequired, trustedPeers } = client
  if (proxyProtocol === '') return false
  const from = trustedPeers === '' ? '' : ` from ${trustedPeers.replaceAll(',', ' and ')}`
  return `PROXY header ${proxyProtocol.replace(',', ' or ')}${from}${proxyProtocolRequired ? '' : ', or none'}`
}

/** The same of a cluster that connections are spliced to. */
export function streamLimits(cluster: Cluster): string {
  const { maxConnections } = cluster
  return sentence(
    maxConnections > 0 && `${maxConnections} connections, shared by client`,
    cluster.proxyProtocol !== undefined && `PROXY header ${cluster.proxyProtocol}`,
    `connect within ${time(cluster.connectTimeoutMs)}, ${cluster.connectAttempts} times`,
    `silent for ${time(cluster.tunnelSilenceMs ?? backendDefaults.tunnelSilenceMs)}`,
    ...healthTexts(cluster),
  )
}

/** The same of one that datagrams are sent to. */
export function sessionLimits(cluster: Cluster): string {
  const silence = time(cluster.sessionSilenceMs ?? backendDefaults.sessionSilenceMs)
  return sentence(`sessions silent for ${silence}`, ...healthTexts(cluster))
}

function healthTexts({ ejection, healthChecks }: Cluster): readonly string[] {
  return [
    ...(ejection === null
      ? []
      : [
          `ejected after ${ejection.consecutiveFailures} failures, at most ${ejection.maxEjectedPercent} % of endpoints`,
        ]),
    ...(healthChecks === undefined ? [] : [checksText(healthChecks)]),
  ]
}

/** What a cluster may use of its endpoints, in one line. */
export function clusterLimits(cluster: Cluster): string {
  const { maxConnections, maxPending, ejection } = cluster
  return sentence(
    maxConnections > 0 && `${maxConnections} connections, ${maxPending} requests waiting for one`,
    cluster.proxyProtocol !== undefined &&
      `PROXY header ${cluster.proxyProtocol}, so that each is one client's`,
    cluster.maxRequestsPerConnection > 0 && `${cluster.maxRequestsPerConnection} requests per connection`,
    `connect within ${time(cluster.connectTimeoutMs)}, ${cluster.connectAttempts} times`,
    `connection idle ${time(cluster.idleTimeoutMs)}`,
    `silent for ${time(cluster.silenceMs)}`,
    cluster.tunnelSilenceMs !== undefined && `a tunnel for ${time(cluster.tunnelSilenceMs)}`,
    `field of a response ${bytes(cluster.fieldBytes)}, head ${bytes(cluster.headBytes)} of ${cluster.fieldCount} fields`,
    maxConnections > 0 && underPressure(cluster),
    ...timeTexts(cluster),
    cluster.repeatNonIdempotent === true && 'requests of any method may be repeated',
    ...repeatTexts(cluster),
    cluster.adaptiveConcurrency !== undefined && concurrencyText(cluster.adaptiveConcurrency),
    ...breakerTexts(cluster.breaker),
    ejection !== null &&
      `ejected after ${ejectionText(ejection)}, at most ${ejection.maxEjectedPercent} % of endpoints`,
    cluster.panicPercent !== undefined &&
      (cluster.panicPercent === 0
        ? 'those that are not well are never used'
        : `all are used where less than ${cluster.panicPercent} % are well`),
    cluster.healthChecks !== undefined && checksText(cluster.healthChecks),
  )
}

function timeTexts({ requestTimeoutMs, attemptTimeoutMs, firstByteTimeoutMs }: Cluster): readonly string[] {
  return [
    ...(requestTimeoutMs === undefined ? [] : [`a request ${time(requestTimeoutMs)}`]),
    ...(attemptTimeoutMs === undefined ? [] : [`each attempt ${time(attemptTimeoutMs)}`]),
    ...(firstByteTimeoutMs === undefined ? [] : [`head of a response within ${time(firstByteTimeoutMs)}`]),
  ]
}

/** What is repeated by the policy, where the route does not say otherwise, and how much of it there may be. */
function repeatTexts({ retry, retryBudget, meshed }: Cluster): readonly string[] {
  return [
    ...(meshed === true ? ['a mesh behind repeats what fails'] : []),
    ...(retry === undefined || meshed === true ? [] : [retryText(retry)]),
    ...(retryBudget === undefined
      ? []
      : [
          `retries at most ${retryBudget.percent} % of the requests of ${time(retryBudget.intervalMs)} or ${retryBudget.minRetries}`,
        ]),
  ]
}

function retryText({ attempts, codes, grpcCodes, backoffMs, maxBackoffMs, ...on }: ClusterRetry): string {
  if (attempts === 0) return 'nothing repeated'
  const reasons = [
    on.connectFailures && 'connect-failure',
    on.resets && 'reset',
    on.timeouts && 'timeout',
    ...rangesOf(codes),
    ...grpcCodes.map(code => `grpc-status ${code}`),
  ].filter(reason => reason !== false)
  const often =
    attempts === null
      ? 'repeated as routes say'
      : attempts === 1
        ? 'repeated once'
        : `repeated ${attempts} times`
  const longest = maxBackoffMs === 0 ? 10 * backoffMs : maxBackoffMs
  return `${often} after ${reasons.join(' or ')} with pauses of ${time(backoffMs)} to ${time(longest)}`
}

/** `500 to 599` in place of a hundred numbers. */
function rangesOf(codes: readonly number[]): readonly string[] {
  const ranges: { from: number; to: number }[] = []
  for (const code of codes) {
    const last = ranges.at(-1)
    if (last !== undefined && last.to === code - 1) last.to = code
    else ranges.push({ from: code, to: code })
  }
  return ranges.map(({ from, to }) => (from === to ? String(from) : `${from} to ${to}`))
}

function breakerTexts(breaker: Cluster['breaker']): readonly string[] {
  if (breaker === undefined) return []
  const { maxRequests, maxRetries, trip } = breaker
  return [
    ...(maxRequests === 0 ? [] : [`${maxRequests} requests at once`]),
    ...(maxRetries === 0 ? [] : [`${maxRetries} of them repeating`]),
    ...(trip === null ? [] : [tripText(trip)]),
  ]
}

function concurrencyText({ minLimit, maxLimit }: NonNullable<Cluster['adaptiveConcurrency']>): string {
  return `${minLimit} to ${maxLimit} requests at once, by how long they take`
}

function tripText(trip: BreakerTrip): string {
  const when = [
    ...(trip.errorPercent === 0 ? [] : [`${trip.errorPercent} % failed`]),
    ...(trip.slowPercent === 0 ? [] : [`${trip.slowPercent} % took over ${time(trip.slowAfterMs)}`]),
  ].join(' or ')
  if (when === '') return 'a breaker that never opens'
  return `breaker open for ${time(trip.openMs)} where ${when} of at least ${trip.minRequests} attempts in ${time(trip.intervalMs)} then ${trip.probes === 1 ? '1 probe' : `${trip.probes} probes`}`
}

function ejectionText({ consecutiveFailures, passive }: Ejection): string {
  const failures = `${consecutiveFailures} failures`
  if (passive === undefined) return failures
  const { consecutive5xx, consecutiveGatewayErrors, successRate, latency } = passive
  return [
    failures,
    ...(consecutive5xx > 0 ? [`${consecutive5xx} answers of 5xx`] : []),
    ...(consecutiveGatewayErrors > 0 ? [`${consecutiveGatewayErrors} gateway errors`] : []),
    ...(successRate === null ? [] : [`a success rate ${successRate.deviations} deviations below the others`]),
    ...(latency === null ? [] : [`a latency ${latency.factor} times that of the others`]),
  ].join(' or ')
}

function checksText({ type, http, port, ...checks }: HealthChecks): string {
  const what = type === 'HTTP' || type === 'HTTP2' ? `${type} ${http.method} ${http.path}` : type
  const where = port === null ? '' : ` at port ${port}`
  const from = checks.startsHealthy ? '' : ', unhealthy until the first'
  return `checked by ${what}${where} every ${time(checks.intervalMs)} within ${time(checks.timeoutMs)}${from}`
}

/** What is asked of clients while others wait for a connection. */
function underPressure({ bodyStartBytes, bodyBytesPerSecond, patienceMs }: Cluster): string {
  return `under pressure ${bytes(bodyStartBytes)} of a body first, then ${bytes(bodyBytesPerSecond)} a second, patience ${time(patienceMs)}`
}

function sentence(...parts: readonly (string | false)[]): string {
  return parts.filter(part => part !== false).join(', ')
}

const KI = 1024

/** As one writes it in a policy: `8Ki`, `1000`. */
function bytes(count: number): string {
  if (count >= KI * KI && count % (KI * KI) === 0) return `${count / (KI * KI)}Mi`
  return count >= KI && count % KI === 0 ? `${count / KI}Ki` : `${count} bytes`
}

function time(ms: number): string {
  if (ms === Infinity) return 'any time'
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`
}
