import type { FailureName } from '../http/failures.ts'
import type { BreakerView } from './breaker.ts'
import type { Cluster } from './cluster.ts'
import { dnsReason, type DnsAnswer } from './dns.ts'
import type { Endpoint, EndpointPool } from './endpoint.ts'
import type { RetryUse } from './retry-budget.ts'
import { reasonOf, stateOf, type EndpointState } from './endpoint-state.ts'

/** How the endpoints of a cluster are, as one worker knows it; passes structured clone. */
export interface ClusterHealth {
  readonly cluster: string
  /** So few are well that nobody is left out. */
  readonly panics: boolean
  /** Null where nothing is kept from it. */
  readonly breaker: BreakerView | null
  /** Null as long as this worker has sent nothing to it. */
  readonly retries: RetryUse | null
  readonly endpoints: readonly EndpointHealth[]
  /** Endpoints that are names, by these. */
  readonly names: readonly NameHealth[]
}

export interface EndpointHealth {
  /** IP address. */
  readonly address: string
  readonly port: number
  readonly state: EndpointState
  /** Why it is not serving; "" where it is. */
  readonly reason: string
  /** How long until it returns to service; 0 while it is not ejected. */
  readonly ejectedForMs: number
  /** Connections that could not be made since the last one that could, and why the last of them could not; null where none failed. */
  readonly failures: number
  readonly failure: FailureName | null
  /** Attempts of the last seconds. */
  readonly requestsPerS: number
}

export interface NameHealth {
  readonly name: string
  readonly state: DnsAnswer['state']
  /** Why there is no address; "" where there is one, or no answer yet. */
  readonly reason: string
  readonly addresses: readonly string[]
}

export function healthOf<P extends EndpointPool>(cluster: Cluster<P>, nowMs: number): ClusterHealth {
  return {
    cluster: cluster.name,
    panics: cluster.panics,
    breaker: cluster.breaker === null ? null : cluster.breaker.view,
    retries: cluster.asked ? cluster.retries.use : null,
    endpoints: Array.from(cluster.endpoints, endpoint => endpointHealth(endpoint, nowMs)),
    names: Array.from(cluster.names, ([name, { state, code, addresses }]) => ({
      name,
      state,
      reason: code === undefined ? '' : dnsReason(code),
      addresses,
    })),
  }
}

function endpointHealth(endpoint: Endpoint, nowMs: number): EndpointHealth {
  const { address, port, ejectedUntilMs, failures, lastFailure, requestsPerS } = endpoint
  return {
    address,
    port,
    state: stateOf(endpoint),
    reason: reasonOf(endpoint),
    ejectedForMs: ejectedUntilMs === 0 ? 0 : Math.max(1, ejectedUntilMs - nowMs),
    failures,
    failure: failures === 0 ? null : lastFailure,
    requestsPerS,
  }
}

/**
 * Whether connections to an endpoint of it failed last, also where it is the only one and so not ejected, or a name has
 * no address. Of 20,000 clusters most are never asked for, and of those there is nothing to be looked into.
 */
export function isUnwell<P extends EndpointPool>(cluster: Cluster<P>): boolean {
  if (cluster.panics) return true
  if (cluster.asked && cluster.breaker !== null && cluster.breaker.state !== 'closed') return true
  if (cluster.config.healthChecks !== undefined)
    for (const { sickness } of cluster.endpoints) if (sickness !== null) return true
  if (cluster.asked)
    for (const { ejectedUntilMs, failures } of cluster.endpoints)
      if (ejectedUntilMs > 0 || failures > 0) return true
  if (cluster.hasNames) for (const [, { state }] of cluster.names) if (state !== 'good') return true
  return false
}
