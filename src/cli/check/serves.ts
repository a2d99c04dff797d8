import { authorityText } from '../../http/authority-text.ts'
import type { Endpoint } from '../../snapshot/cluster.ts'
import type { Rule, StreamRule } from '../../snapshot/rule.ts'
import type { VirtualHost, Listener, Port, RouteEntry, SnapshotParts } from '../../snapshot/snapshot.ts'
import { certificatesText } from '../../admin/explain/certificates.ts'
import type { Wants } from '../../translation/service.ts'
import { composedBehind } from '../../translation/composed.ts'
import { threadsText } from '../../admin/explain/composed.ts'
import { counted } from '../command/texts.ts'
import { ruleTypes } from '../rule-types.ts'
import { answerText, matchText } from '../../admin/explain/text.ts'

/** How much of what would be served is counted. */
export type Counts = Readonly<Record<'ports' | 'listeners' | 'rules' | 'clusters' | 'endpoints', number>>

export function countOf({ ports, clusters, endpoints }: SnapshotParts): Counts {
  const listeners = ports.flatMap(port => port.listeners)
  // A rule that applies to many hosts and matches is one object in all of them.
  const rules = new Set<unknown>(
    listeners.flatMap(({ hosts, streams = [] }) => [
      ...hosts.flatMap(host => host.entries.map(({ rule }) => rule)),
      ...streams.map(({ rule }) => rule),
    ]),
  )
  return {
    ports: ports.length,
    listeners: listeners.length,
    rules: rules.size,
    clusters: clusters.length,
    endpoints: Object.values(endpoints).reduce((sum, list) => sum + list.length, 0),
  }
}

/** What is shown of each; the rest is only counted. `-o json` has all hosts and rules. */
const MOST_LISTENERS = 20
const MOST_HOSTS = 8
const MOST_ENTRIES = 8

/** What would be served, as a person looks at it: ports, listeners, hosts, matches, and where each goes. */
export function servesText(parts: SnapshotParts, wants: Wants = {}): readonly string[] {
  const places = placesOf(parts, wants)
  return parts.ports.flatMap(port => [
    `${port.key} ${port.protocol}`,
    ...some(port.listeners, MOST_LISTENERS, 2, 'listener', listener => listenerLines(listener, port, places)),
  ])
}

function listenerLines(listener: Listener, { protocol }: Port, places: Places): string[] {
  const { name, hostname, hosts, streams } = listener
  const any = { tcp: 'any connection', udp: 'any datagram', http: 'any host', tls: 'any host' }[protocol]
  const head = `  listener ${name}, ${hostname === '' ? any : hostname}${tlsText(listener)}`
  if (listener.tls?.mode === 'refuse') return [`${head} (TLS): refused, its conditions say why`]
  if (streams !== undefined)
    return [
      streams.length === 0
        ? `${head}: no route, ${protocol === 'udp' ? 'datagrams are dropped' : 'connections are closed'}`
        : head,
      ...some(streams, MOST_HOSTS, 4, 'host', ({ hostname: host, rule }) => [
        `    ${host === '' ? any : host} → ${backendsText(rule, places)}`,
      ]),
    ]
  if (hosts.length === 0) return [`${head}: no route, requests are answered 404`]
  return [head, ...some(hosts, MOST_HOSTS, 4, 'host', host => hostLines(host, places))]
}

function tlsText({ tls }: Listener): string {
  if (tls === undefined) return ''
  if (tls.mode === 'terminate') return ` (TLS${tls.wanted === undefined ? '' : `, ${certificatesText(tls)}`})`
  return tls.mode === 'passthrough' ? ' (TLS passed through)' : ''
}

function hostLines({ hostname, entries }: VirtualHost, places: Places): string[] {
  return [
    `    ${hostname === '' ? 'any host' : hostname}`,
    ...some(entries, MOST_ENTRIES, 6, 'match', entry => [`      ${entryText(entry, places)}`]),
  ]
}

function entryText({ match, rule }: RouteEntry, places: Places): string {
  const what = matchText(match).replace(/^path (prefix )?/, '')
  const { action } = rule
  return `${what} → ${action.type === 'forward' ? backendsText({ backends: action.backends }, places) : answerText(action, ruleTypes)}`
}

function backendsText({ backends }: Pick<StreamRule, 'backends'>, places: Places): string {
  if (backends.length === 0) return 'nowhere'
  const total = backends.reduce((sum, { weight }) => sum + weight, 0)
  return backends
    .map(({ cluster, weight }) => {
      const share = backends.length === 1 ? '' : ` ${Math.round((weight / total) * 100)} %`
      if (cluster === null) return `nowhere (invalid)${share}`
      return `${cluster} (${places(cluster)})${share}`
    })
    .join(', ')
}

/** Where requests of a cluster go. */
type Places = (cluster: string) => string

/** Threads of a composition are there once it runs. */
function placesOf({ endpoints }: Pick<SnapshotParts, 'endpoints'>, wants: Wants): Places {
  return cluster => {
    const list = endpoints[cluster] ?? []
    const api = list.length === 0 ? composedBehind(wants, cluster)?.api : undefined
    if (api === undefined) return endpointsText(list)
    return api.isKnown ? threadsText(api.threads) : 'cannot be loaded'
  }
}

/** So few are named, more are counted. */
const MOST_ENDPOINTS = 2

function endpointsText(all: readonly Endpoint[]): string {
  const list = all.filter(({ readiness }) => readiness === undefined)
  if (list.length === 0) return 'no endpoint'
  if (list.length > MOST_ENDPOINTS) return counted(list.length, 'endpoint')
  return list.map(({ address, port }) => authorityText(address, port)).join(', ')
}

function some<T>(
  list: readonly T[],
  most: number,
  indent: number,
  what: string,
  linesOf: (one: T) => readonly string[],
): string[] {
  const shown = list.slice(0, most).flatMap(linesOf)
  const rest = list.length - most
  return rest > 0 ? [...shown, `${' '.repeat(indent)}and ${counted(rest, `more ${what}`)}`] : shown
}

/** What would be served, for a program: every host of every listener, with its rules and where they go. */
export function servesJson(parts: SnapshotParts): unknown {
  return parts.ports.map(({ key, protocol, listeners }: Port) => ({
    port: key,
    protocol,
    listeners: listeners.map(({ name, hostname, hosts, streams = [] }) => ({
      name,
      hostname,
      hosts: hosts.map(host => ({
        hostname: host.hostname,
        routes: [...new Set(host.entries.map(({ rule }) => rule))].map(ruleJson),
      })),
      streams: streams.map(({ hostname: host, rule }) => ({ hostname: host, route: ruleJson(rule) })),
    })),
  }))
}

function ruleJson(rule: Rule | StreamRule): unknown {
  const { id, origin } = rule
  const backends =
    'backends' in rule ? rule.backends : rule.action.type === 'forward' ? rule.action.backends : []
  return {
    rule: id,
    resource: origin.resource,
    backends: backends.map(({ cluster, weight }) => ({ cluster, weight })),
  }
}
