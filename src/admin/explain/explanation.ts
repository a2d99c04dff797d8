import { isIP } from 'node:net'

import { compileExceptions, type Excepted } from '../../filters/exceptions.ts'
import { failures, Rejection } from '../../http/failures.ts'
import { RequestHeadReader } from '../../http/h1/request.ts'
import type { RequestHead } from '../../http/head.ts'
import { compileMethods } from '../../proxy/methods.ts'
import { explainRoute } from '../../proxy/router/explain.ts'
import type { RouteExplanation } from '../../proxy/router/explain.ts'
import type { Endpoint } from '../../snapshot/cluster.ts'
import type { FilterConfig } from '../../snapshot/rule.ts'
import type { Listener, Port, Snapshot, SnapshotParts } from '../../snapshot/snapshot.ts'
import { asRequests } from './stream.ts'
import type { RuleTypes } from '../../proxy/compile.ts'
import { hasScheme, type AskedRequest } from './asked.ts'

/** What becomes of bytes that are no requests: those of TLS, passed on or ended here, and of plain TCP and UDP. */
export type StreamWay = 'passthrough' | 'terminate' | 'tcp' | 'udp'

/** How far the request comes, and what it meets. */
export type Explanation =
  /** Nothing listens where it goes. */
  | { readonly outcome: 'no-port'; readonly reason: string }
  /** The connection does not get as far as a request. */
  | { readonly outcome: 'refused'; readonly port: Port; readonly reason: string }
  /** It is answered before any route is looked at. */
  | {
      readonly outcome: 'rejected'
      readonly port: Port
      readonly status: number
      readonly rule: string
      readonly reason: string
    }
  | {
      readonly outcome: 'no-route' | 'routed'
      readonly port: Port
      /** Null of a request; else bytes are passed on, and `head` tells the name in the handshake. */
      readonly stream: StreamWay | null
      readonly head: RequestHead
      readonly route: RouteExplanation
    }

/** Takes the request through the same codec and the same routing rules as the data plane, without a socket. */
export function explainRequest({ ports }: SnapshotParts, asked: AskedRequest): Explanation {
  if (hasScheme(asked.url)) return explainAt(ports, asked)
  const answers = urlsOf(ports, asked.url).map(url => explainAt(ports, { ...asked, url }))
  return answers.find(({ outcome }) => outcome === 'routed') ?? answers[0]!
}

/** What a person may mean who leaves out the scheme: every port, or the one that is named; port 80 where there is none. */
function urlsOf(ports: readonly Port[], text: string): readonly string[] {
  const [, authority = '', rest = ''] = /^([^/?#]*)(.*)$/s.exec(text) ?? []
  const named = /:(\d+)$/.exec(authority)?.[1]
  const meant = ports.filter(({ port }) => named === undefined || port === Number(named))
  if (meant.length === 0) return [`http://${text}`]
  return meant.map(({ port, protocol }) => {
    return `${schemes[protocol]}://${authority}${named === undefined ? `:${port}` : ''}${rest}`
  })
}

/** Of what comes to a port, as it is asked for. */
const schemes = { http: 'http', tls: 'https', tcp: 'tcp', udp: 'udp' } as const

function explainAt(ports: readonly Port[], asked: AskedRequest): Explanation {
  const { scheme } = split(asked.url)
  const url = new URL(asked.url)
  const number = Number(url.port === '' ? (scheme === 'https' ? 443 : 80) : url.port)
  // TCP and UDP may have one number.
  const meant = ports.filter(({ protocol }) => schemes[protocol] === scheme)
  const own = portsFor(meant, url.hostname, number)
  const found = own.length > 0 ? own : portsFor(ports, url.hostname, number)
  if (found.length === 0)
    return { outcome: 'no-port', reason: `nothing listens on port ${number}; ${listOf(ports)}` }
  const answers = found.map(port => explainOn(port, asked))
  return answers.find(({ outcome }) => outcome === 'routed') ?? answers[0]!
}

function explainOn(port: Port, asked: AskedRequest): Explanation {
  const { scheme, authority, target } = split(asked.url)
  if (schemes[port.protocol] !== scheme) return { outcome: 'refused', port, reason: wrongScheme(port) }
  if (port.protocol === 'tcp' || port.protocol === 'udp') return explainBytes(port, authority, port.protocol)
  const secure = port.protocol === 'tls'
  const named = secure ? listenerNamed(port, authority) : null
  if (named?.streams !== undefined) return explainStream(port, named, authority)
  const head = readHead(asked, authority, target, port)
  if (head instanceof Rejection)
    return { outcome: 'rejected', port, status: head.status, rule: head.rule, reason: head.detail }
  const route = explainRoute(port.listeners, head)
  const refusal = secure ? handshake(port, named, authority, route) : null
  if (refusal !== null) return refusal
  const taken = compileMethods(port.client.methods).takes(head.method)
  return taken ? explained(port, head, route, null) : methodNotTaken(port, head)
}

function methodNotTaken(port: Port, { method }: RequestHead): Explanation {
  const { status, title } = failures.http_method_not_allowed
  const reason = `${title}: ${method} (ClientPolicy spec.methods)`
  return { outcome: 'rejected', port, status, rule: 'http_method_not_allowed', reason }
}

function explained(
  port: Port,
  head: RequestHead,
  route: RouteExplanation,
  stream: StreamWay | null,
): Explanation {
  return { outcome: route.hit === null ? 'no-route' : 'routed', port, stream, head, route }
}

/** Of a listener with protocol TLS: its routes ask for nothing but the name in the handshake. */
function explainStream(port: Port, named: Listener, authority: string): Explanation {
  const head = named.tls?.mode === 'refuse' ? null : readHead(bare, authority, '/', port)
  if (head === null || head instanceof Rejection) return handshakeFails(port, named, authority)
  const mode = named.tls?.mode === 'passthrough' ? 'passthrough' : 'terminate'
  return explained(port, head, explainRoute(port.listeners.map(asRequests), head), mode)
}

/** Of plain TCP and UDP nothing is asked at all. */
function explainBytes(port: Port, authority: string, stream: 'tcp' | 'udp'): Explanation {
  const head = readHead(bare, authority, '/', port)
  if (head instanceof Rejection) return { outcome: 'refused', port, reason: head.detail }
  const route = explainRoute(port.listeners.map(asRequests), head)
  const reason =
    stream === 'tcp' ? 'it has every connection of its port' : 'it has every datagram of its port'
  const listeners = route.listeners.map(one => ({ ...one, reason }))
  return explained(port, head, { ...route, listeners }, stream)
}

function handshakeFails(port: Port, named: Listener | null, authority: string): Explanation {
  const reason =
    named === null
      ? `no listener takes the name of ${withoutUser(authority)}`
      : `listener ${named.name} cannot be served; its conditions say why`
  return { outcome: 'refused', port, reason: `the handshake fails: ${reason}` }
}

/** A URL may have a password in it. */
function withoutUser(authority: string): string {
  return authority.slice(authority.lastIndexOf('@') + 1)
}

function wrongScheme({ protocol, port }: Port): string {
  if (protocol === 'tcp') return `port ${port} is for TCP, expected tcp://`
  if (protocol === 'udp') return `port ${port} is for UDP, expected udp://`
  return protocol === 'tls'
    ? `port ${port} is for TLS, expected https://`
    : `no listener of port ${port} has protocol HTTPS, expected http://`
}

/** What keeps a request on a connection with TLS from its routes: the name in the handshake is the URL's, not Host's. */
function handshake(
  port: Port,
  named: Listener | null,
  authority: string,
  { listeners }: RouteExplanation,
): Explanation | null {
  if (named === null || named.tls?.mode === 'refuse') return handshakeFails(port, named, authority)
  const owner = listeners.find(({ taken }) => taken)?.listener
  if (owner === undefined || owner === named) return null
  // RFC 9110 §15.5.20; curl and browsers would open another connection for that host.
  const reason = `the connection was made with listener ${named.name}, and Host is for another one`
  return { outcome: 'rejected', port, status: 421, rule: 'misdirected_request', reason }
}

const bare: AskedRequest = { method: 'GET', url: '', headers: [] }

function listenerNamed(port: Port, authority: string): Listener | null {
  const head = readHead(bare, authority, '/', port)
  if (head instanceof Rejection) return null
  return explainRoute(port.listeners, head).listeners.find(({ taken }) => taken)?.listener ?? null
}

/** Not by URL, which would resolve dot segments and encodings before the gateway's own rules see them. */
function split(url: string): {
  readonly scheme: string
  readonly authority: string
  readonly target: string
} {
  const [, scheme = '', authority = '', rest = ''] = /^([A-Za-z]+):\/\/([^/?#]*)([^#]*)/.exec(url) ?? []
  const target = rest.startsWith('/') ? rest : `/${rest}`
  return { scheme: scheme.toLowerCase(), authority, target }
}

/**
 * The port of that number on the address asked, else on every address, else, for a name, any. Where Gateways have Services
 * of their own several may have it, and one is meant alone by the number that is listened on.
 */
function portsFor(ports: readonly Port[], hostname: string, number: number): readonly Port[] {
  const address = hostname.replace(/^\[|\]$/g, '')
  const known = ports.filter(({ port }) => port === number)
  const candidates = known.length > 0 ? known : ports.filter(({ target }) => target === number)
  for (const wanted of [address, '']) {
    const exact = candidates.filter(port => port.address === wanted)
    if (exact.length > 0) return exact
  }
  return isIP(address) === 0 ? candidates.slice(0, 1) : []
}

function listOf(ports: readonly Port[]): string {
  return ports.length === 0 ? 'there is no listener' : `there is ${ports.map(({ key }) => key).join(', ')}`
}

function readHead(
  asked: AskedRequest,
  authority: string,
  target: string,
  port: Port,
): RequestHead | Rejection {
  const host = asked.headers.some(([name]) => name.toLowerCase() === 'host') ? [] : [`Host: ${authority}`]
  const lines = [...host, ...asked.headers.map(([name, value]) => `${name}: ${value}`)]
  const text = `${asked.method} ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`
  const head = new RequestHeadReader(port.client, port.protocol === 'tls' ? 'https' : 'http').read(
    Buffer.from(text),
    0,
  )
  // Every line is ended above, so a head that wants more bytes had a line break in what was typed.
  return head ?? new Rejection(400, 'incomplete', 'The request is not complete')
}

export function endpointsOf(snapshot: Pick<Snapshot, 'endpoints'>, cluster: string): readonly Endpoint[] {
  return snapshot.endpoints[cluster] ?? []
}

/** `excepted`: it stands there, and its owner leaves this request out of it. */
export interface MetFilter {
  readonly filter: FilterConfig
  readonly excepted: boolean
}

/** What a request meets on its way to the action, in this order: filters of its listener and of its rule. */
export function filtersMet(
  { head, route: { listeners, hit } }: Extract<Explanation, { readonly head: unknown }>,
  { filters: types }: RuleTypes,
): readonly MetFilter[] {
  const taken = listeners.find(one => one.taken)
  const all = [...(taken?.listener.filters ?? []), ...(hit?.entry.rule.filters ?? [])]
  const request = { asked: head, route: hit?.entry.rule.id ?? '' }
  return types.inOrder(all).map(filter => ({ filter, excepted: isExcepted(filter, request, types) }))
}

function isExcepted(filter: FilterConfig, request: Excepted, types: RuleTypes['filters']): boolean {
  const exceptions = types.find(filter.type).except?.(filter) ?? []
  return compileExceptions(exceptions)?.(request) ?? false
}
