import type { IncomingMessage } from 'node:http'
import { shareKey } from '../../http/share-key.ts'
import { proxySign } from './proxy-fields.ts'

/** Where the listener is bound: of its own `address()`. */
export interface Bound {
  readonly address: string
  readonly port: number
}

/** Absent of programs; `none` where somebody has typed the address; no other site's page may ask, nor a sibling's. */
const SITES: readonly (string | undefined)[] = [undefined, 'none', 'same-origin']

/**
 * Why this request may not see without a token what is only read; null where it may. All of it must hold, for each alone
 * can be had from outside: the peer is a proxy of this machine, Host a name that leads here (DNS rebinding), and a page
 * of any site can ask 127.0.0.1.
 */
export function whyClosed(request: IncomingMessage, bound: Bound): string | null {
  const { headers, httpVersion, socket } = request
  if (!isLoopback(bound.address)) return `the admin listener is bound to ${bound.address}`
  if (!isLoopback(socket.remoteAddress ?? '')) return 'it did not come from this machine'
  // In absolute form (RFC 9112 §3.2.2) the target has a host of its own.
  if (request.url?.startsWith('/') !== true) return 'its target is no path'
  const hosts = valuesOf(request, 'host')
  if (hosts.length !== 1 || !authorities(bound.port).includes(hosts[0]!.toLowerCase()))
    return `its Host is ${hosts.join(', ') || 'missing'}`
  // What old proxies speak that add nothing else (nginx before 1.29.7).
  if (httpVersion !== '1.1') return `it is HTTP/${httpVersion}`
  const site = headers['sec-fetch-site']
  if (!SITES.includes(site)) return 'a page of another site asks (Sec-Fetch-Site)'
  const origins = valuesOf(request, 'origin')
  if (origins.some(origin => origin.toLowerCase() !== `http://${hosts[0]!.toLowerCase()}`))
    return 'a page of another site asks (Origin)'
  const sign = proxySign(request)
  return sign === null ? null : `a proxy has sent it (${sign})`
}

function isLoopback(address: string): boolean {
  return address === '::1' || /^127(\.\d+){3}$/.test(shareKey(address))
}

function authorities(port: number): readonly string[] {
  const names = ['localhost', '127.0.0.1', '[::1]']
  // RFC 9110 §4.2.1: the port of http may be left out.
  return [...names.map(name => `${name}:${port}`), ...(port === 80 ? names : [])]
}

/** node:http keeps the first of several. */
function valuesOf({ rawHeaders }: IncomingMessage, name: string): readonly string[] {
  return rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]!.toLowerCase() === name)
}
