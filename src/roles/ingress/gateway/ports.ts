import type { Gateway } from '../../../model/kinds/gateway.ts'
import type { Cluster } from '../../../snapshot/cluster.ts'
import type { Rule, StreamRule } from '../../../snapshot/rule.ts'
import type { Listener, Port } from '../../../snapshot/snapshot.ts'
import { originOf } from '../origin.ts'
import { isSet } from '../../../translation/listener-name.ts'
import { policyName } from '../../../translation/policies.ts'
import { ANY } from './addresses.ts'
import type { ClientSettingsOf } from './client-policy.ts'
import { isHere, isUsable, type GatewayState } from './gateway-state.ts'
import { bySpecificity } from '../routes/hostnames.ts'
import { tallyOf } from '../routes/entry-tally.ts'
import { listenerHosts } from './hosts.ts'
import { isServed, transportPort, type ListenerState } from './listeners.ts'
import type { UpstreamTls } from '../backends/upstream-tls.ts'

/** What is listened on, by port and address. */
export function portsOf(
  gateways: Iterable<GatewayState>,
  settingsOf: ClientSettingsOf,
  upstreams: UpstreamTls,
  tracingOf: (gateway: Gateway) => Listener['tracing'],
): Port[] {
  const ports = [...gateways]
    .filter(state => isUsable(state) && isHere(state))
    .flatMap(state =>
      gatewayPorts(
        state,
        settingsOf,
        upstreams.rulesOf(state.gateway),
        upstreams.streamsOf(state.gateway),
        tracingOf(state.gateway),
      ),
    )
  return ports.sort((a, b) => a.port - b.port || (a.address < b.address ? -1 : 1))
}

function gatewayPorts(
  state: GatewayState,
  settingsOf: ClientSettingsOf,
  ruleOf: (rule: Rule) => Rule,
  streamOf: (rule: StreamRule, passthrough: boolean) => StreamRule,
  tracing: Listener['tracing'],
): Port[] {
  const served = Map.groupBy(state.listeners.filter(isServed), ({ spec }) => transportPort(spec))
  return [...served].flatMap(([key, states]) => {
    const { port } = states[0]!.spec
    const protocol = protocolOf(states)
    // Those that cannot be served still have their hostname where no other listener does: none for more names may answer.
    const names = new Set(states.map(({ hostname }) => hostname))
    const refusing = state.listeners.filter(
      one => transportPort(one.spec) === key && one.tls?.mode === 'refuse' && !names.has(one.hostname),
    )
    const listeners = [
      ...states.map(listener => withStreams(listenerOf(listener, ruleOf, tracing), listener, streamOf)),
      ...refusing.map(listener => ({ ...listenerOf(listener, ruleOf, tracing), hosts: [] })),
    ]
    const client = settingsOf(state, port)
    const target = state.service?.targets.get(key)
    // Its Service does not send anybody yet.
    if (state.service !== null && target === undefined) return []
    return state.addresses.list.map(address => ({
      key: portKey(address, port, protocol, target),
      address,
      port,
      ...(target !== undefined && { target }),
      protocol,
      client,
      listeners,
    }))
  })
}

/** Listeners of one port agree on it (listeners.ts). */
function protocolOf(listeners: readonly ListenerState[]): Port['protocol'] {
  const protocols = listeners.map(({ spec }) => spec.protocol)
  if (protocols.includes('UDP')) return 'udp'
  if (protocols.includes('TCP')) return 'tcp'
  return listeners.some(({ tls }) => tls !== null) ? 'tls' : 'http'
}

/** `127.0.0.1:8080`, `[::1]:8080`, `*:8080` for every address, and `*:20417 for 443` where a Service has another port. */
export function portKey(address: string, port: number, protocol: Port['protocol'], target?: number): string {
  const transport = protocol === 'udp' ? 'udp ' : ''
  const host = address === ANY ? '*' : address.includes(':') ? `[${address}]` : address
  return `${transport}${host}:${target === undefined ? port : `${target} for ${port}`}`
}

function listenerOf(
  { spec, owner, name, path, hostname, hosts, tls, challenges }: ListenerState,
  ruleOf: (rule: Rule) => Rule,
  tracing: Listener['tracing'],
): Listener {
  const sorted = [...hosts]
    .filter(([, shares]) => shares.some(({ entries }) => entries.length > 0))
    .sort(([a], [b]) => bySpecificity(a, b))
  const listener = {
    name,
    ...(isSet(owner) && { set: policyName(owner) }),
    origin: originOf(owner, path),
    hostname,
    ...(tracing === undefined ? {} : { tracing }),
    hosts: listenerHosts(spec, sorted, ruleOf),
    ...(challenges === '' ? {} : { challenges }),
  }
  return tls === null ? listener : { ...listener, tls }
}

function withStreams(
  listener: Listener,
  { spec, streams, tls }: ListenerState,
  streamOf: (rule: StreamRule, passthrough: boolean) => StreamRule,
): Listener {
  if (!['TLS', 'TCP', 'UDP'].includes(spec.protocol)) return listener
  const sorted = [...streams].sort(([a], [b]) => bySpecificity(a, b))
  const passthrough = tls?.mode === 'passthrough' || spec.protocol === 'UDP'
  return {
    ...listener,
    streams: sorted.map(([hostname, { rule }]) => ({ hostname, rule: streamOf(rule, passthrough) })),
  }
}

/** Names of the clusters that something on these ports sends to. */
export function clusterNames(ports: readonly Port[]): Set<Cluster['name']> {
  const names = new Set<string>()
  for (const { hosts, streams = [] } of new Set(ports.flatMap(({ listeners }) => listeners))) {
    for (const { entries } of hosts) for (const name of tallyOf(entries).clusters.keys()) names.add(name)
    for (const { rule } of streams)
      for (const { cluster } of rule.backends) if (cluster !== null) names.add(cluster)
  }
  return names
}
