import { isIP } from 'node:net'
import { isToken } from './chars.ts'
import { sameName } from './fields.ts'
import type { Fields } from './fields.ts'
import { HINT_FORWARDED, HINT_OWN, HINT_REQUEST_ID, HINT_VIA } from './head.ts'
import type { RequestHead } from './head.ts'
import { isOwnWord } from './owned-fields.ts'
import { authorityPort, parseAuthority } from './target.ts'

/** What ClientPolicy says about who is believed what; the snapshot's ClientSettings is one. */
export interface HopPolicy {
  /** Proxies in front of us that are believed, counted from the right; 0 believes none. */
  readonly trustedHops: number
  /** What X-Forwarded-Port says: the port that the client named, or the one of the listener. */
  readonly forwardedPort: 'client' | 'listener'
}

/** Where a request came in. */
export interface Hop {
  /** Address of the peer of the connection. */
  readonly remoteAddress: string
  readonly localPort: number
  readonly scheme: 'http' | 'https'
  readonly policy: HopPolicy
  /** Client-Cert or X-Forwarded-Client-Cert of the connection, its name and value; null or absent for none. */
  readonly certificate?: readonly [string, string] | null
  /** What `hopLines` makes of it, for those who keep a Hop over many requests. */
  readonly lines?: string
}

/** What a certificate is told of by, us only. */
const certificateFields = ['client-cert', 'client-cert-chain', 'x-forwarded-client-cert']

/** Our name in Via (RFC 9110 §7.6.3). */
const PSEUDONYM = 'portcullis'

const VIA: Readonly<Record<number, string>> = {
  10: `1.0 ${PSEUDONYM}`,
  11: `1.1 ${PSEUDONYM}`,
  20: `2 ${PSEUDONYM}`,
}

/**
 * Writes into head.fields who asked for what: X-Forwarded-For, -Proto, -Host,
 * -Port, Forwarded (only where it is in use: RFC 7239), Via and X-Request-Id.
 * Returns the client's address.
 *
 * Without trusted hops, whatever the client said about itself is replaced or
 * removed, X-Real-IP and every other X-Forwarded-* included. With trusted hops,
 * the address is the one that the outermost of them saw: X-Forwarded-For counted
 * from the right, the peer itself being the first hop. Entries further left are
 * hearsay, and nothing left of an entry that is no address is believed.
 * X-Portcullis-*, by which gateways tell who asks, is as a trusted hop has sent it.
 *
 * X-Forwarded-Port goes with X-Forwarded-Host: it is the client's word, as Host
 * is. The port that is listened on is another one wherever ports are published
 * (443 to 8443), and links that applications make with it lead nowhere.
 *
 * A head without hints has none of these fields, so they are just appended.
 */
export function forward(head: RequestHead, hop: Hop, requestId: string): string {
  const { fields } = head
  const peer = plainAddress(hop.remoteAddress)
  const { trustedHops } = hop.policy
  const id = incomingRequestId(head, trustedHops) || requestId
  let client = peer
  if ((head.hints & HINT_FORWARDED) === 0) setForwarded(fields, peer, hop, head.authority)
  else if (trustedHops === 0) {
    removeAll(fields, isForwarding)
    setForwarded(fields, peer, hop, head.authority)
    // What is there now is ours.
    head.hints &= ~HINT_FORWARDED
  } else client = extendForwarded(head, peer, hop)
  // Who asks, by which plan: a hop that is trusted may have found out, a client may not say so.
  if (trustedHops === 0 && (head.hints & HINT_OWN) !== 0) removeAll(fields, isOwnWord)
  if ((head.hints & HINT_REQUEST_ID) !== 0) fields.remove('x-request-id')
  const { certificate } = hop
  if (certificate != null) {
    const at = fields.list.length
    fields.list.push(...certificate)
    fields.wrote(at, `${certificate[0]}: ${certificate[1]}\r\n`)
  }
  const from = fields.list.length
  const via = VIA[head.version] ?? `1.1 ${PSEUDONYM}`
  fields.list.push('X-Request-Id', id, 'Via', via)
  fields.wrote(from, 'X-Request-Id: ' + id + '\r\nVia: ' + via + '\r\n')
  return client
}

/** The X-Request-Id that a trusted hop sent, if it is well-formed (1–128 characters of a token or base64), or "". */
export function incomingRequestId(head: RequestHead, trustedHops: number): string {
  if (trustedHops === 0 || (head.hints & HINT_REQUEST_ID) === 0) return ''
  const id = head.fields.get('x-request-id') ?? ''
  return /^[\w.~+/=:@-]{1,128}$/.test(id) ? id : ''
}

/** How often this request has been through a Portcullis: more than a few times is a circle. */
export function viaCount(head: RequestHead): number {
  if ((head.hints & HINT_VIA) === 0) return 0
  let count = 0
  for (const member of (head.fields.combined('via') ?? '').split(',')) {
    const [, by] = member.trim().split(/[ \t]+/, 2)
    if (by?.toLowerCase() === PSEUDONYM) count++
  }
  return count
}

function setForwarded(fields: Fields, peer: string, hop: Hop, authority: string): void {
  const from = fields.list.length
  const port = portText(
    hop.policy.forwardedPort === 'listener' ? hop.localPort : portOf(authority, hop.scheme),
  )
  // oxfmt-ignore
  fields.list.push(
    'X-Forwarded-For', peer,
    'X-Forwarded-Proto', hop.scheme,
    'X-Forwarded-Host', authority,
    'X-Forwarded-Port', port,
  )
  fields.wrote(from, (hop.lines ?? hopLines(hop)) + authority + lastPortLine)
}

/** `lines` of a Hop: all that is the same for every request of a connection. */
export function hopLines({ remoteAddress, scheme }: Hop): string {
  return `X-Forwarded-For: ${plainAddress(remoteAddress)}\r\nX-Forwarded-Proto: ${scheme}\r\nX-Forwarded-Host: `
}

let lastHost = ''
let lastHostPort = 0

/** The port in a valid authority, or the one that the scheme implies. */
function portOf(host: string, scheme: string): number {
  if (host !== lastHost) {
    lastHost = host
    lastHostPort = authorityPort(host, 0)
  }
  return lastHostPort === 0 ? (scheme === 'https' ? 443 : 80) : lastHostPort
}

// The same few ports all the time: a number made into text costs more than all the rest of this.
let lastPort = -1
let lastPortText = ''
let lastPortLine = ''

function portText(port: number): string {
  if (port !== lastPort) {
    lastPort = port
    lastPortText = String(port)
    lastPortLine = `\r\nX-Forwarded-Port: ${port}\r\n`
  }
  return lastPortText
}

function removeAll(fields: Fields, isOne: (name: string) => boolean): void {
  const names = new Set<string>()
  for (let i = 0; i < fields.list.length; i += 2)
    if (isOne(fields.list[i]!)) names.add(fields.list[i]!.toLowerCase())
  for (const name of names) fields.remove(name)
}

function isForwarding(name: string): boolean {
  const c = name.charCodeAt(0) | 32
  if (c === 102) return sameName(name, 'forwarded')
  if (c === 99) return isClientCertificate(name)
  if (c !== 120) return false
  return (
    sameName(name, 'x-real-ip') || (name.length >= 12 && name.slice(0, 12).toLowerCase() === 'x-forwarded-')
  )
}

/** RFC 9440 §4: only who ended the TLS connection may say whose it was. */
function isClientCertificate(name: string): boolean {
  return sameName(name, 'client-cert') || sameName(name, 'client-cert-chain')
}

/** Believes what trusted hops said, and adds what we see. */
function extendForwarded(head: RequestHead, peer: string, hop: Hop): string {
  const { fields } = head
  // What a hop says of a client's certificate is not among the things that hops are believed.
  for (const name of certificateFields) fields.remove(name)
  const chain = fields.combined('x-forwarded-for') ?? ''
  fields.set('X-Forwarded-For', chain === '' ? peer : `${chain}, ${peer}`, 'x-forwarded-for')
  keepOrSet(fields, 'X-Forwarded-Proto', 'x-forwarded-proto', hop.scheme, isScheme)
  keepOrSet(fields, 'X-Forwarded-Host', 'x-forwarded-host', head.authority, value => value !== '')
  keepOrSet(fields, 'X-Forwarded-Port', 'x-forwarded-port', portText(portBehind(fields, hop)), isPortNumber)
  const forwarded = fields.combined('forwarded')
  if (forwarded !== undefined)
    fields.set('Forwarded', `${forwarded}, ${element(head, peer, hop)}`, 'forwarded')
  return clientAddress(chain, peer, hop.policy.trustedHops)
}

/** The port that goes with the X-Forwarded-Host and -Proto that are there now. */
function portBehind(fields: Fields, hop: Hop): number {
  if (hop.policy.forwardedPort === 'listener') return hop.localPort
  // Of a list, to which every hop has added, what the first of them was asked for.
  const host = (fields.get('x-forwarded-host') ?? '').split(',', 1)[0]!.trim()
  return portOf(parseAuthority(host) === null ? '' : host, fields.get('x-forwarded-proto') ?? hop.scheme)
}

function keepOrSet(
  fields: Fields,
  name: string,
  lower: string,
  own: string,
  isValid: (value: string) => boolean,
): void {
  const value = fields.get(lower)
  fields.set(name, value !== undefined && isValid(value) ? value : own, lower)
}

function isPortNumber(value: string): boolean {
  return /^\d{1,5}$/.test(value) && Number(value) <= 65_535
}

function isScheme(value: string): boolean {
  return value === 'http' || value === 'https'
}

function clientAddress(chain: string, peer: string, trustedHops: number): string {
  const entries = chain.split(',')
  let client = peer
  for (let hops = 0; hops < trustedHops && hops < entries.length; hops++) {
    const address = entryAddress(entries[entries.length - 1 - hops]!.trim())
    if (address === '') break
    client = address
  }
  return client
}

/** The address in an entry of X-Forwarded-For, which may carry a port, or "". */
function entryAddress(entry: string): string {
  if (isIP(entry) !== 0) return plainAddress(entry)
  const bare = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(entry)?.[1] ?? /^([\d.]+):\d{1,5}$/.exec(entry)?.[1] ?? ''
  return isIP(bare) === 0 ? '' : plainAddress(bare)
}

/** IPv4 as such: dual-stack sockets show it as ::ffff:1.2.3.4, which no allow list has. */
export function plainAddress(address: string): string {
  return address.charCodeAt(0) === 58 && /^::ffff:\d+\./i.test(address) ? address.slice(7) : address
}

/** Our element of Forwarded (RFC 7239 §4). */
function element(head: RequestHead, peer: string, hop: Hop): string {
  const host = head.authority
  const node = peer.includes(':') ? `"[${peer}]"` : peer === '' ? 'unknown' : peer
  return `for=${node};host=${isToken(host) ? host : `"${host}"`};proto=${hop.scheme};by=_${PSEUDONYM}`
}
