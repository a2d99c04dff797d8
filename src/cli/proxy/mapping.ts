import { isIP } from 'node:net'
import { canonicalHostname } from '../../http/hostname.ts'
import { UsageError } from '../command/flag.ts'

/** Where `portcullis proxy` listens. */
export interface Listen {
  readonly scheme: 'http' | 'https'
  /** IP address; "" is every address of the machine. */
  readonly address: string
  readonly port: number
}

/** One `HOST-OR-PATH=BACKEND`. */
export interface Mapping {
  /** Host name, perhaps with `*.` in front; "" is any. */
  readonly host: string
  /** Begins with "/" and ends without one, unless it is "/". */
  readonly path: string
  readonly target: MappedTarget
}

export interface MappedTarget {
  readonly protocol: 'http' | 'h2c' | 'https'
  readonly endpoints: readonly { readonly address: string; readonly port: number }[]
  /** What takes the place of `path`, or "" where the path goes on as it is. */
  readonly prefix: string
}

/** `:8080`, `127.0.0.1:8080`, `[::1]:8080`, with `https://` in front for TLS. Throws UsageError. */
export function readListen(text: string): Listen {
  const [, scheme = 'http', bracketed, plain, digits] =
    /^(?:(https?):\/\/)?(?:\[([^\]]+)\]|([^:[\]/]*)):(\d{1,5})\/?$/.exec(text) ?? []
  const address = bracketed ?? plain ?? ''
  const port = Number(digits)
  const wrong = digits === undefined || port < 1 || port > 65_535 || (address !== '' && isIP(address) === 0)
  if (wrong || (scheme !== 'http' && scheme !== 'https'))
    throw new UsageError(
      `proxy: cannot listen on "${text}", expected :8080, 127.0.0.1:8080 or https://:8443${hostHint(text)}`,
    )
  return { scheme, address, port }
}

/** Others name hosts where they listen. */
function hostHint(text: string): string {
  const host = /^(?:https?:\/\/)?([^:/]*[a-z][^:/]*)/i.exec(text)?.[1]?.toLowerCase() ?? ''
  return HOST.test(host) ? `; a host goes before its BACKEND: ${host}=:9000` : ''
}

/** `shop.localhost=:9000`, `/api=http://10.0.0.7:9001`, `shop.localhost/api=…`, or a backend alone for everything. */
export function readMapping(text: string): Mapping {
  const equals = text.indexOf('=')
  // A backend of its own has "://" or begins with ":" before any "=".
  const alone = equals < 0 || /^(?:[a-z0-9]+:\/\/|:)/.test(text)
  const [left, right] = alone ? ['', text] : [text.slice(0, equals), text.slice(equals + 1)]
  const slash = left.indexOf('/')
  const typed = canonicalHostname(slash < 0 ? left : left.slice(0, slash))
  const host = typed === '*' ? '' : typed
  if (host !== '' && !HOST.test(host))
    throw new UsageError(
      `proxy: "${text}" begins with no host or path, expected HOST=BACKEND, /PATH=BACKEND or HOST/PATH=BACKEND${host.includes(':') ? '; the port is that of LISTEN' : ''}`,
    )
  const named: Named = part => `proxy: "${part}" in "${text}"`
  return {
    host,
    path: readPrefix(slash < 0 ? '/' : left.slice(slash), named),
    target: readTarget(right, named),
  }
}

/** How a message begins that is about a part of what was typed. */
type Named = (part: string) => string

const itself: Named = part => `"${part}"`

const LABEL = '[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?'
/** A host name, perhaps with `*.` in front. */
export const HOST = new RegExp(`^(?:\\*\\.)?${LABEL}(?:\\.${LABEL})*$`)

/** A path of whole segments: `/api`, also of `/api/`. Throws UsageError. */
export function readPrefix(path: string, named: Named = itself): string {
  // What Gateway API takes as the value of a path prefix.
  if (!/^\/[-A-Za-z0-9._~!$&'()*+,;=:@%/]*$/.test(path) || /\/\/|\/\.{1,2}(\/|$)|%2f/i.test(path))
    throw new UsageError(`${named(path)} is no path prefix, expected one like /api`)
  if (path.includes('*'))
    throw new UsageError(`${named(path)}: a prefix needs no "*", /api takes /api/cart too`)
  return path.length > 1 ? path.replace(/\/$/, '') : path
}

/** `:9000`, `10.0.0.7:9000,10.0.0.8:9000`, `https://api.example`, `h2c://:9000`, `http://10.0.0.7:9000/base`. Throws UsageError. */
export function readTarget(text: string, named: Named = itself): MappedTarget {
  const [, scheme, authorities, path = ''] =
    /^(?:([a-z0-9]+):\/\/)?([^/?#@]+)(\/[^/?#][^?#]*|\/)?$/.exec(text) ?? []
  const protocol = scheme ?? 'http'
  if (authorities === undefined || (protocol !== 'http' && protocol !== 'h2c' && protocol !== 'https'))
    throw new UsageError(
      `${named(text)} is no backend, expected :9000, HOST:PORT, or a URL of http, https or h2c`,
    )
  // A name alone is more often a forgotten port than a server on port 80.
  const defaultPort = scheme === undefined ? null : protocol === 'https' ? 443 : 80
  const endpoints = authorities.split(',').map(one => endpointOf(one, defaultPort, named))
  return { protocol, endpoints, prefix: path === '' ? '' : readPrefix(path, named) }
}

function endpointOf(text: string, defaultPort: number | null, named: Named) {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]]*))(?::(\d{1,5}))?$/.exec(text) ?? []
  const address = (bracketed ?? plain ?? '').toLowerCase() || '127.0.0.1'
  const port = digits === undefined ? defaultPort : Number(digits)
  const known =
    isIP(address) !== 0 || (bracketed === undefined && HOST.test(address) && !address.startsWith('*'))
  if (!known || port === null || port < 1 || port > 65_535 || (text.startsWith(':') && digits === undefined))
    throw new UsageError(`${named(text)} is no backend, expected :9000, HOST:PORT, or http://HOST`)
  return { address, port }
}
