import type { Fields } from '../../http/fields.ts'
import type { RequestHead } from '../../http/head.ts'
import { isOwnWord } from '../../http/owned-fields.ts'
import { withHyphens } from '../spellings.ts'
import { allTaken, allTold } from '../taken.ts'
import type { Exchange } from '../filter.ts'
import { identityNote } from '../identity.ts'

/** By which answers are found and told apart. */
export interface Question {
  readonly url: string
  /** What the backend is told beside the URL and what Vary may name. */
  readonly told: string
  /** By which credentials it is asked, as a digest; "" for none. */
  readonly identity: string
  /** The backend knows from us, or from a hop that we trust, who asks. */
  readonly isTold: boolean
}

/** By which some backends take a request for another one than its method and target say. */
const turning: ReadonlySet<string> = new Set([
  'x-http-method',
  'x-http-method-override',
  'x-http-host-override',
  'x-method-override',
  'x-original-url',
  'x-original-uri',
  'x-original-host',
  'x-rewrite-url',
  'x-override-url',
  'x-host',
])

/** By what clients show who they are, beside what filters have found (RFC 9111 §3.5 knows Authorization alone). */
const shown: ReadonlySet<string> = new Set([
  'authorization',
  'proxy-authorization',
  'cookie',
  'client-cert',
  'x-api-key',
  'api-key',
  'apikey',
  'x-auth-token',
  'x-access-token',
  'private-token',
  'ocp-apim-subscription-key',
])

/**
 * Null where it is not for a cache: a backend may take it for another request than its URL says, and its answer would be
 * given to who asks for that URL. Everything that we tell backends beside what the client may vary by Vary is in the
 * key: where hops are trusted, clients behind them may say what X-Forwarded-Host is.
 */
export function questionOf(
  x: Exchange,
  keyHeaders: readonly string[],
  digest: (text: string) => string,
): Question | null {
  const { request, certificate, localPort } = x
  const { list } = request.fields
  let told = `${x.route} ${localPort}`
  let who = ''
  let isTold = false
  for (let i = 0; i < list.length; i += 2) {
    // Backends of CGI's kind read both.
    const name = withHyphens(list[i]!)
    const value = list[i + 1]!
    const first = name.charCodeAt(0)
    if (first === X) {
      if (turning.has(name)) return null
      if (isOwnWord(name)) {
        isTold = true
        // A token that we sign is another each minute; who it is of is in the note.
        if (x.notes.get(identityNote) === undefined) who += part(name, value)
      } else if (isForwarding(name)) told += part(name, value)
      else if (shown.has(name)) who += part(name, value)
    } else if (first === F && name === 'forwarded') told += part(name, hostsOf(value))
    else if ((first === A || first === C || first === O || first === P) && shown.has(name))
      who += part(name, value)
  }
  const asking = x.notes.get(identityNote)
  if (asking !== undefined && asking.kind !== 'anonymous')
    who += part(asking.principal, [asking.credential, asking.application, asking.account].join(' '))
  for (const text of allTaken(x)) who += part('taken', text)
  const telling = allTold(x)
  if (telling.length > 0) isTold = true
  for (const text of telling) who += part('told', text)
  if (certificate !== null) who += part(certificate.subject, certificate.names.join())
  for (const name of keyHeaders) told += part(name, request.fields.combined(name) ?? '')
  const identity = who === '' ? '' : digest(who)
  return { url: urlOf(request), told, identity, isTold }
}

const A = 97
const C = 99
const F = 102
const O = 111
const P = 112
const X = 120

/** As it is at the place of a cache: what filters have taken out as a credential is not in it, and nothing is rewritten yet. */
export function urlOf({ scheme, authority, path, query }: RequestHead): string {
  return `${scheme}://${authority}${path}${query}`
}

/** Lengths go with texts, so that no two lists read alike. */
function part(name: string, value: string): string {
  return ` ${name.length}:${name} ${value.length}:${value}`
}

/** X-Forwarded-* but the addresses, which backends answer by only where they should not be cached at all. */
function isForwarding(name: string): boolean {
  return name.startsWith('x-forwarded-') && name !== 'x-forwarded-for'
}

/** Of Forwarded what is said of hosts and schemes. */
function hostsOf(value: string): string {
  return (value.match(/(?:host|proto)=(?:"[^"]*"|[^;,]*)/gi) ?? []).join()
}

/** Whether a request has a condition or asks for a part: its answer is not that of others. */
export function isConditional(fields: Fields): boolean {
  const { list } = fields
  for (let i = 0; i < list.length; i += 2) {
    const c = list[i]!.charCodeAt(0) | 32
    if (c !== I && c !== R) continue
    if (conditions.has(list[i]!.toLowerCase())) return true
  }
  return false
}

const I = 105
const R = 114

const conditions: ReadonlySet<string> = new Set([
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'if-range',
  'range',
])
