import type { Figures } from '../../../src/admin/shapes/figures.ts'
import type { Certificate } from '../../../src/admin/shapes/certificate.ts'
import type { Cluster } from '../../../src/admin/shapes/cluster.ts'
import type { Rule } from '../../../src/admin/shapes/rule.ts'
import type { Gateway } from '../../../src/admin/shapes/topology.ts'
import type { Tone } from '../../parts/mark.tsx'
import { endpointName, shortCluster, shortRule, span } from '../../format.ts'
import { backendsTexts } from '../../texts/backends.ts'
import { certificatesTexts } from '../../texts/certificates.ts'
import { mapTexts as t } from '../../texts/map.ts'
import { actionText, endpointTones, healthOf, hostText, matchText, ruleTone, serves } from '../summaries.ts'
import type { Edge, Node } from './layout.ts'

const ENDPOINTS_OF_ONE = 3

export interface Seen {
  readonly gateways: readonly Gateway[]
  readonly rules: readonly Rule[]
  readonly clusters: readonly Cluster[]
  readonly certificates: readonly Certificate[]
  readonly routeFigures: ReadonlyMap<string, Figures['routes'][number]>
  readonly clusterFigures: ReadonlyMap<string, Figures['clusters'][number]>
}

/** What is drawn: things and what leads from one to the next, with what passes there each second. */
export function graphOf(seen: Seen): { readonly nodes: readonly Node[]; readonly edges: readonly Edge[] } {
  const nodes: Node[] = []
  const edges: Edge[] = []
  const used = new Set(seen.rules.flatMap(({ listeners }) => listeners))
  for (const gateway of seen.gateways) addGateway(gateway, seen, used, nodes, edges)
  for (const rule of seen.rules) addRule(rule, seen, nodes, edges)
  for (const cluster of seen.clusters) addCluster(cluster, seen, nodes, edges)
  return { nodes, edges }
}

function addGateway(
  gateway: Gateway,
  seen: Seen,
  used: ReadonlySet<string>,
  nodes: Node[],
  edges: Edge[],
): void {
  const [namespace = '', name = ''] = gateway.name.split('/')
  const id = `gateway ${gateway.name}`
  nodes.push({
    id,
    column: 0,
    title: name,
    note: namespace,
    tone: gateway.programmed ? 'good' : 'bad',
    link: objectLink(gateway.origin.group, 'Gateway', namespace, name),
  })
  // Of many listeners, those to which something drawn leads.
  const shown =
    gateway.listeners.length > 30 ? gateway.listeners.filter(one => used.has(one.name)) : gateway.listeners
  for (const listener of shown) {
    const { tone, note } = listenerState(listener, seen)
    nodes.push({
      id: `listener ${listener.name}`,
      column: 1,
      title: `${listener.section} ${listener.ports[0]?.key.split(':').at(-1) ?? ''}`,
      note: joined(note, listener.protocol, listener.hostname === '' ? t.anyHost : listener.hostname),
      tone,
      link: { to: '/routes', params: { listener: listener.name } },
    })
    edges.push({
      from: id,
      to: `listener ${listener.name}`,
      rate: rateOf(listener.name, seen),
      bad: tone === 'bad',
    })
  }
}

function listenerState(
  listener: Gateway['listeners'][number],
  { certificates }: Seen,
): { tone: Tone; note: string } {
  const { tls, ports, programmed } = listener
  const failed = ports.find(({ error }) => error !== null)
  if (failed?.error != null) return { tone: 'bad', note: failed.error }
  if (!programmed) return { tone: 'bad', note: t.notServed }
  if (tls === null) return { tone: 'good', note: '' }
  if (tls.mode === 'refuse') return { tone: 'bad', note: t.refused }
  const own = certificates.filter(({ name }) => tls.certificates.includes(name))
  const soonest = own
    .filter(({ state }) => state !== 'valid')
    .toSorted((a, b) => (a.expiresInS ?? 0) - (b.expiresInS ?? 0))[0]
  if (soonest === undefined)
    return tls.wanted.length > 0
      ? { tone: 'warn', note: certificatesTexts.states.wanted }
      : { tone: 'good', note: '' }
  const { state, expiresInS } = soonest
  const when =
    expiresInS === null
      ? certificatesTexts.states[state]
      : expiresInS < 0
        ? certificatesTexts.states.expired
        : certificatesTexts.in(span(expiresInS))
  return { tone: state === 'expiring' ? 'warn' : 'bad', note: t.expires(when) }
}

function addRule(rule: Rule, seen: Seen, nodes: Node[], edges: Edge[]): void {
  const sums = seen.routeFigures.get(rule.id)
  const passing = sums?.requestsPerS ?? 0
  const failing = (sums?.errorsPerS ?? 0) > 0
  const first = rule.matches[0]
  const tone = ruleTone(rule)
  nodes.push({
    id: `rule ${rule.id}`,
    column: 2,
    title: shortRule(rule.id),
    note: joined(
      `${first === undefined ? '' : `${matchText(first)} `}${hostText(rule.hostnames)}`,
      rule.action.type === 'forward' ? '' : actionText(rule.action),
    ),
    tone: tone === 'good' && failing ? 'warn' : tone === 'good' && passing === 0 ? 'quiet' : tone,
    link: { to: '/routes/$', params: { _splat: rule.id } },
  })
  for (const [i, listener] of rule.listeners.entries())
    edges.push({
      from: `listener ${listener}`,
      to: `rule ${rule.id}`,
      rate: passing,
      bad: failing,
      unlabelled: i > 0,
    })
  if (rule.action.type !== 'forward') return
  for (const { cluster, share } of rule.action.backends)
    if (cluster !== null)
      edges.push({ from: `rule ${rule.id}`, to: `cluster ${cluster}`, rate: passing * share, bad: failing })
}

function addCluster(cluster: Cluster, seen: Seen, nodes: Node[], edges: Edge[]): void {
  const { name, protocol, endpoints, panics } = cluster
  const sums = seen.clusterFigures.get(name)
  const { tone, text } = healthOf(cluster, sums)
  const kind = name.slice(0, name.indexOf('/'))
  const id = `cluster ${name}`
  const link = { to: '/backends/$', params: { _splat: name } }
  nodes.push({
    id,
    column: 3,
    title: shortCluster(name).slice(kind.length + 1),
    note: joined(text, panics ? t.panics : '', kind, protocol),
    tone,
    link,
  })
  // Those that are not well are never among "more".
  const sorted = endpoints.toSorted((a, b) => Number(serves(a.state)) - Number(serves(b.state)))
  const shown = sorted.length <= ENDPOINTS_OF_ONE ? sorted : sorted.slice(0, ENDPOINTS_OF_ONE - 1)
  const one = (key: string, title: string, note: string, nodeTone: Tone, perS: number | null) => {
    const to = `endpoint ${name.replaceAll(' ', '_')} ${key}`
    nodes.push({ id: to, column: 4, title, note, tone: nodeTone, link })
    edges.push({ from: id, to, rate: perS, bad: nodeTone === 'bad' })
  }
  for (const { address, port, state, reason, requestsPerS } of shown) {
    const note = state === 'serving' ? '' : joined(backendsTexts.states[state], reason ?? '')
    one(`${address}:${port}`, endpointName({ address, port }), note, endpointTones[state], requestsPerS)
  }
  if (shown.length < sorted.length)
    one('more', t.moreEndpoints(sorted.length - shown.length), '', 'quiet', null)
}

function joined(...parts: readonly string[]): string {
  return parts.filter(part => part !== '').join(', ')
}

function objectLink(group: string, kind: string, namespace: string, name: string): Node['link'] {
  return {
    to: '/objects/$group/$kind/$namespace/$name',
    params: { group: group === '' ? 'core' : group, kind, namespace, name },
  }
}

/** Nobody counts by listener: where one shares a rule that has traffic with another, its own part is not known. */
function rateOf(listener: string, { rules, routeFigures }: Seen): number | null {
  const own = rules.filter(({ listeners }) => listeners.includes(listener))
  const rates = own.map(({ id }) => routeFigures.get(id)?.requestsPerS ?? 0)
  const isShared = own.some(({ listeners }, i) => listeners.length > 1 && rates[i] !== 0)
  return isShared ? null : sum(rates)
}

function sum(values: readonly (number | undefined)[]): number {
  return values.reduce<number>((whole, value) => whole + (value ?? 0), 0)
}
