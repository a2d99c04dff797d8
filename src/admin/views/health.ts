import { authorityText } from '../../http/authority-text.ts'
import { failures } from '../../http/failures.ts'
import type { Endpoint } from '../../snapshot/cluster.ts'
import type { ClusterHealth, EndpointHealth, NameHealth } from '../../upstream/health.ts'
import type * as shapes from '../shapes/cluster.ts'
import { isFixed } from '../../upstream/crossing/address.ts'

/** What workers have said of clusters, and when. */
export interface Health {
  /** Of each worker that has answered, by the name of the cluster. */
  readonly answers: readonly ReadonlyMap<string, ClusterHealth>[]
  /** How many workers have not. */
  readonly silent: number
  readonly atMs: number
}

/** `answers` are of workers; null of one that has not answered. */
export function healthAt(answers: readonly (readonly ClusterHealth[] | null)[], atMs: number): Health {
  return {
    answers: answers.flatMap(answer =>
      answer === null ? [] : [new Map(answer.map(one => [one.cluster, one] as const))],
    ),
    silent: answers.filter(answer => answer === null).length,
    atMs,
  }
}

type State = shapes.Endpoint['state']
type Told = Pick<shapes.Endpoint, 'state' | 'reason' | 'until' | 'says'>

interface Word {
  readonly state: State
  readonly reason: string | null
  readonly untilMs: number
}

/** The worst first. */
const order: readonly State[] = [
  'unresolved',
  'unhealthy',
  'ejected',
  'failing',
  'resolving',
  'unready',
  'unknown',
  'serving',
]

/** What is declared of the endpoints of a cluster, with what workers know of each. */
export function endpointViews(
  cluster: string,
  endpoints: readonly Endpoint[],
  { answers, atMs }: Health,
): readonly shapes.Endpoint[] {
  const known = answers.flatMap(answer => answer.get(cluster) ?? [])
  return endpoints.map(({ address, port, weight, priority = 0, zone = null }) => {
    const declared = { address, port, weight, priority, zone }
    if (isFixed(address))
      return {
        ...declared,
        requestsPerS: rateOf(known, [address], port),
        ...worst(known.map(one => ofAddress(one, address, port, atMs))),
        resolved: [],
      }
    const addresses = [...new Set(known.flatMap(one => nameIn(one, address)?.addresses ?? []))]
    return {
      ...declared,
      requestsPerS: rateOf(known, addresses, port),
      ...worst(known.map(one => ofName(one, address, port, atMs))),
      resolved: addresses.map(resolved => ({
        address: resolved,
        ...worst(known.map(one => ofAddress(one, resolved, port, atMs))),
      })),
    }
  })
}

function rateOf(known: readonly ClusterHealth[], addresses: readonly string[], port: number): number {
  const rates = known.flatMap(({ endpoints }) =>
    endpoints
      .filter(one => one.port === port && addresses.includes(one.address))
      .map(({ requestsPerS }) => requestsPerS),
  )
  // No more digits than it is exact; and an average that fades never comes to nothing by itself.
  return Math.round(rates.reduce((sum, rate) => sum + rate, 0) * 10) / 10
}

/** A cluster with its endpoints, as workers know it. */
export function nowOf(cluster: string, endpoints: readonly Endpoint[], health: Health): shapes.ClusterNow {
  const known = health.answers.flatMap(answer => answer.get(cluster) ?? [])
  return {
    panics: known.some(({ panics }) => panics),
    breaker: breakerOf(known, health.atMs),
    retryBudget: retryBudgetOf(known),
    endpoints: endpointViews(cluster, endpoints, health),
  }
}

/** It is one for all workers; who has opened it knows why. */
function breakerOf(known: readonly ClusterHealth[], atMs: number): shapes.Cluster['breaker'] {
  const views = known.flatMap(({ breaker }) => breaker ?? [])
  const [first] = views
  if (first === undefined) return null
  const { state, reason, openForMs } =
    views.find(one => one.reason !== '') ?? views.find(one => one.state !== 'closed') ?? first
  return {
    state,
    reason: reason === '' ? null : reason,
    until: state === 'open' ? new Date(atMs + openForMs).toISOString() : null,
    requests: totalOf(views, ({ requests }) => requests),
    retries: totalOf(views, ({ retries }) => retries),
  }
}

/** They count together, so that who has heard of most is right. */
function retryBudgetOf(known: readonly ClusterHealth[]): shapes.Cluster['retryBudget'] {
  const uses = known.flatMap(({ retries }) => retries ?? [])
  return uses.toSorted((a, b) => b.requests - a.requests)[0] ?? null
}

function totalOf<T>(all: readonly T[], of: (one: T) => number): number {
  return all.reduce((total, one) => total + of(one), 0)
}

/** The clusters that workers have spoken of. */
export function namesIn({ answers }: Health): ReadonlySet<string> {
  return new Set(answers.flatMap(answer => [...answer.keys()]))
}

/** Whether a worker says that not all is well. To be not ready is in the course of things. */
export function isUnwell(endpoint: Pick<shapes.Endpoint, 'state'>): boolean {
  return !['serving', 'unknown', 'unready'].includes(endpoint.state)
}

function ofAddress({ endpoints }: ClusterHealth, address: string, port: number, atMs: number): Word {
  const found = endpoints.find(one => one.address === address && one.port === port)
  return found === undefined ? { state: 'unknown', reason: null, untilMs: 0 } : ofEndpoint(found, atMs)
}

function ofEndpoint(endpoint: EndpointHealth, atMs: number): Word {
  const { state, reason: why, ejectedForMs, failures: count, failure } = endpoint
  if (state === 'unready' || state === 'unhealthy') return { state, reason: why, untilMs: 0 }
  const title = failure === null ? '' : failures[failure].title.toLowerCase()
  const times = count === 1 ? 'once' : `${count} times in a row`
  const reason = failure === null ? null : `${failure}, ${times}: ${title}`
  const isOfConnections = why === '' || why.startsWith('connection_failures')
  if (ejectedForMs > 0)
    return {
      state: 'ejected',
      reason: isOfConnections ? (reason ?? why) : why,
      untilMs: atMs + ejectedForMs,
    }
  return { state: count > 0 ? 'failing' : 'serving', reason, untilMs: 0 }
}

/** All of its addresses, or why there is none. */
function ofName(health: ClusterHealth, name: string, port: number, atMs: number): Word {
  const answer = nameIn(health, name)
  if (answer === undefined) return { state: 'unknown', reason: null, untilMs: 0 }
  if (answer.state === 'pending') return { state: 'resolving', reason: null, untilMs: 0 }
  if (answer.state === 'failed') return { state: 'unresolved', reason: answer.reason, untilMs: 0 }
  const words = answer.addresses.map(address => ({ address, ...ofAddress(health, address, port, atMs) }))
  const bad = words.toSorted(byState)[0]
  if (bad === undefined) return { state: 'unknown', reason: null, untilMs: 0 }
  const reason = bad.reason === null ? null : `${authorityText(bad.address, port)}: ${bad.reason}`
  return { ...bad, reason }
}

function nameIn({ names }: ClusterHealth, name: string): NameHealth | undefined {
  return names.find(one => one.name === name)
}

function worst(words: readonly Word[]): Told {
  const [first] = words.toSorted((a, b) => byState(a, b) || b.untilMs - a.untilMs)
  const { state, reason, untilMs } = first ?? { state: 'unknown', reason: null, untilMs: 0 }
  return {
    state,
    reason,
    until: untilMs === 0 ? null : new Date(untilMs).toISOString(),
    says: { workers: words.filter(one => one.state === state).length, of: words.length },
  }
}

function byState(a: Pick<Word, 'state'>, b: Pick<Word, 'state'>): number {
  return order.indexOf(a.state) - order.indexOf(b.state)
}
