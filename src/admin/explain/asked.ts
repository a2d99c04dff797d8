import { isRegistered } from '../../http/methods.ts'

/** A request as it would be typed: `url` perhaps without a scheme, header names as given. */
export interface AskedRequest {
  readonly method: string
  readonly url: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** IP address of the client, after trusted hops; absent where nobody has said. */
  readonly client?: string
}

/** Whether this is an absolute URL; a query may have `://` in it. */
export function hasScheme(text: string): boolean {
  return /^[a-z][-+.a-z0-9]*:\/\//i.test(text)
}

/** The method that is meant, or null where the text is none. */
export function askedMethod(text: string): string | null {
  // RFC 9110 §9.1: a token, and case-sensitive; what people type in lower case of those that are registered is meant in upper case.
  if (!/^[A-Za-z!#$%&'*+.^_`|~0-9-]+$/.test(text)) return null
  const upper = text.toUpperCase()
  return isRegistered(upper) ? upper : text
}

const SCHEMES = new Set(['http:', 'https:', 'tcp:', 'udp:'])

/** Why a URL, with or without a scheme, cannot be asked for; null where it can. */
export function urlFault(text: string): string | null {
  const absolute = hasScheme(text) ? text : `http://${text}`
  const url = URL.canParse(absolute) ? new URL(absolute) : null
  return url === null || text.startsWith('/') || !SCHEMES.has(url.protocol)
    ? `"${text}" is no URL, expected http://HOST[:PORT]/PATH, HOST/PATH, tcp://HOST:PORT or udp://HOST:PORT`
    : null
}
