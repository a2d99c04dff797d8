import { stringify } from 'yaml'
import { formatPath } from '../../src/model/problem.ts'
import type { Condition } from '../../src/model/resource.ts'
import type { Translation } from '../../src/snapshot/merge.ts'
import type { Cluster } from '../../src/snapshot/cluster.ts'
import type { Origin } from '../../src/snapshot/origin.ts'
import type { Match, Rule } from '../../src/snapshot/rule.ts'
import type { Listener, Port } from '../../src/snapshot/snapshot.ts'
import { clientSettings, ejectionSettings, tlsBounds } from '../../src/roles/ingress/defaults.ts'
import { clusterSettings } from '../../src/translation/cluster-settings.ts'

/**
 * A translation as YAML that can be read against the standard: each rule once,
 * settings only where they are not the default, origins as `line:column path`,
 * conditions under the object that carries them.
 */
export function render(translation: Translation, problems: readonly string[]): string {
  const { parts, conditions, gateways, problems: doubts, tables } = translation
  const document = {
    ...(problems.length > 0 ? { problems } : {}),
    ...(doubts.length > 0 ? { doubts: doubts.map(doubt) } : {}),
    ports: parts.ports.map(port),
    rules: Object.fromEntries([...rulesOf(parts.ports)].map(rule => [rule.id, ruleBody(rule)])),
    clusters: Object.fromEntries(parts.clusters.map(cluster => [cluster.name, clusterBody(cluster, parts.endpoints[cluster.name] ?? [])])),
    ...(Object.keys(tables).some(name => name.startsWith('management ')) ? { tables: Object.fromEntries(Object.entries(tables).map(([name, rows]) => [name, Object.fromEntries(rows)])) } : {}),
    conditions: conditionsOf(conditions),
    gateways: gateways.map(({ about, addresses, listeners, attachedListenerSets: sets }) => ({
      [about.kind === 'Gateway' ? 'gateway' : 'listenerSet']: `${about.namespace}/${about.name}`,
      addresses,
      ...(sets === undefined ? {} : { attachedListenerSets: sets }),
      listeners: listeners.map(({ name, attachedRoutes, supportedKinds }) => `${name}: ${attachedRoutes} routes, kinds ${supportedKinds.map(k => k.kind).join(', ') || '(none)'}`),
    })),
  }
  return stringify(document, { lineWidth: 0, aliasDuplicateObjects: false })
}

function doubt({ severity, reason, position, resource, path, message }: Translation['problems'][number]): object {
  const at = [resource === null ? '' : `${resource.kind}/${resource.name}`, position === null ? '' : `${position.line}:${position.column}`, formatPath(path)]
  return { [severity]: reason, at: at.filter(Boolean).join(' '), message }
}

function port({ key, address, port: number, protocol, client, listeners }: Port): object {
  const changed = changes(client, clientSettings)
  return { key, address, port: number, ...(protocol === 'http' ? {} : { protocol }), ...(changed ? { client: changed } : {}), listeners: listeners.map(listener) }
}

/** Names of certificates, never what they stand for. */
function tlsText(tls: NonNullable<Listener['tls']>): string {
  if (tls.mode !== 'terminate') return tls.mode
  const { certificates, clients, wanted = [] } = tls
  const asked = clients === null ? '' : `, clients ${clients.required ? 'must' : 'may'} be of ${clients.authorities.join(', ')}`
  const later = wanted.length === 0 ? '' : `, wanted ${wanted.join(', ')}`
  return `terminate ${tls.inner} with ${certificates.join(', ') || 'nothing'}${asked}${later}`
}

function listener({ name, hostname, tls, hosts, streams, filters = [], tracing }: Listener): object {
  if (streams) return { name, hostname, tls: tls ? tlsText(tls) : 'none', streams: Object.fromEntries(streams.map(({ hostname: host, rule }) => [host || '(any)', `${rule.id} -> ${rule.backends.map(({ weight, cluster, closed }) => `${weight} ${closed ? '(closed)' : String(cluster)}`).join(', ')}`])) }
  return { name, hostname, ...(tls ? { tls: tlsText(tls) } : {}), ...(filters.length > 0 ? { filters: plain(filters) } : {}), ...(tracing ? { tracing } : {}), hosts: Object.fromEntries(hosts.map(host => [host.hostname || '(any)', host.entries.map(entry => `${matchText(entry.match)} -> ${entry.rule.id}${isClosed(entry.rule) ? ' (closed)' : ''}`)])) }
}

function isClosed({ action }: Rule): boolean {
  return action.type === 'respond' && action.failure === 'protection_missing'
}

function matchText({ path, method, headers, query }: Match): string {
  const values = (what: string, list: Match['headers']): string[] => list.map(({ name, type, value }) => `${what} ${name} ${type === 'exact' ? '=' : '~'} ${value}`)
  return [`${path.type} ${JSON.stringify(path.value)}`, method, ...values('header', headers), ...values('query', query)].filter(Boolean).join(', ')
}

function rulesOf(ports: readonly Port[]): Set<Rule> {
  return new Set(ports.flatMap(p => p.listeners.flatMap(l => l.hosts.flatMap(h => h.entries.map(e => e.rule)))))
}

function plain(list: Rule['filters']): object[] {
  return list.map(filter => ({ ...filter, origin: where(filter.origin) }))
}

function ruleBody({ origin, filters, action }: Rule): object {
  const shown = action.type !== 'forward' ? action : { ...action, backends: action.backends.map(b => ({ ...b, filters: plain(b.filters) })) }
  return { origin: where(origin), ...(filters.length > 0 ? { filters: plain(filters) } : {}), action: withoutEmpty(shown) }
}

/** Leaves out timeouts and retries that are off, and empty lists. */
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty)
  if (typeof value !== 'object' || value === null) return value
  const off = (key: string, part: unknown): boolean =>
    (Array.isArray(part) && part.length === 0) || (part === 0 && key.endsWith('TimeoutMs')) || (key === 'retry' && part === null)
  return Object.fromEntries(Object.entries(value).filter(([key, part]) => !off(key, part)).map(([key, part]) => [key, withoutEmpty(part)]))
}

function upstreamText({ serverName, names, authorities, certificate, minVersion, maxVersion, ciphers }: NonNullable<Cluster['tls']>): string {
  const who = names.length > 0 ? ` or rather ${names.map(({ type, value }) => `${type} ${value}`).join(' or ')}` : ''
  const shown = certificate === null ? '' : `, shows ${certificate}`
  const bounds = changes({ minVersion, maxVersion, ciphers }, tlsBounds)
  return `to ${serverName || '(its address)'}${who}, trusts ${authorities === 'system' ? authorities : authorities.join(', ')}${shown}${bounds === null ? '' : `, speaks ${Object.values(bounds).join(' ')}`}`
}

function clusterBody(cluster: Cluster, endpoints: Translation['parts']['endpoints'][string]): object {
  const { name: _name, origin, protocol, ejection, tls, ...settings } = cluster
  const changed = changes(settings, clusterSettings)
  const ejected = ejection === null ? 'off' : changes(ejection, ejectionSettings)
  return {
    origin: where(origin),
    ...(protocol === 'http' ? {} : { protocol }),
    ...(tls ? { tls: upstreamText(tls) } : {}),
    ...(changed ? { settings: changed } : {}),
    ...(ejected ? { ejection: ejected } : {}),
    endpoints: endpoints.map(({ address, port: number, weight, priority, zone, readiness }) => `${address} ${number}${weight === 1 ? '' : ` weight ${weight}`}${priority === undefined ? '' : ` priority ${priority}`}${zone === undefined ? '' : ` zone ${zone}`}${readiness === undefined ? '' : ` ${readiness}`}`),
  }
}

function changes<T extends object>(settings: T, defaults: T): object | null {
  const known = new Map<string, unknown>(Object.entries(defaults))
  const changed = Object.entries(settings).filter(([key, value]) => known.get(key) !== value)
  return changed.length > 0 ? Object.fromEntries(changed) : null
}

function where({ resource, path, line, column }: Origin): string {
  return `${resource} ${line}:${column} ${path}`
}

function conditionsOf(conditions: readonly Condition[]): Record<string, unknown[]> {
  const grouped = Map.groupBy(conditions, carrier)
  return Object.fromEntries([...grouped].map(([key, list]) => [key, list.map(condition)]))
}

function carrier({ about, parent, listener: name }: Condition): string {
  const section = parent?.sectionName === undefined ? '' : `#${parent.sectionName}`
  const number = parent?.port === undefined ? '' : `:${parent.port}`
  const to = parent === undefined ? '' : ` to ${parent.kind}/${parent.namespace}/${parent.name}${section}${number}`
  return `${about.kind}/${about.namespace}/${about.name}${to}${name === undefined ? '' : ` listener ${name}`}`
}

function condition({ type, status, reason, message, path, position, follows }: Condition): unknown {
  const short = `${type}=${status} ${reason}`
  if (path === undefined) return `${short}: ${message}`
  return { condition: short, ...(follows ? { follows } : {}), at: `${position ? `${position.line}:${position.column} ` : ''}${formatPath(path)}`, message }
}
