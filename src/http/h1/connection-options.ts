import { CHARS, COMMA, HTAB, SLASH, SP, TOKEN } from '../chars.ts'
import type { Fields } from '../fields.ts'
import type { RuleName } from '../rejections.ts'
import { isProtected } from './names.ts'

/** Enough for every client there is; 32,000 names in a head of 64 KiB would cost milliseconds to take out. */
const MAX_OPTIONS = 32

/** Items of a list `#token` (RFC 9110 §5.6.1; empty items are skipped) in lower case, or null where it is not one. */
export function tokenList(value: string): string[] | null {
  const items: string[] = []
  let i = 0
  while (i < value.length) {
    let c = value.charCodeAt(i)
    if (c === COMMA || c === SP || c === HTAB) {
      i++
      continue
    }
    const from = i
    while (i < value.length && (CHARS[(c = value.charCodeAt(i))]! & TOKEN) !== 0) i++
    if (i === from) return null
    items.push(value.slice(from, i).toLowerCase())
    while (i < value.length && ((c = value.charCodeAt(i)) === SP || c === HTAB)) i++
    if (i < value.length && c !== COMMA) return null
  }
  return items
}

/** What the Connection fields of one message ask for (RFC 9110 §7.6.1). One per reader, reset for every message. */
export class ConnectionOptions {
  close = false
  keepAlive = false
  upgrade = false
  #count = 0
  readonly #named: string[] = []

  reset(): void {
    this.close = this.keepAlive = this.upgrade = false
    this.#count = 0
    if (this.#named.length !== 0) this.#named.length = 0
  }

  /** Adds the options of one Connection field; returns the rule that it breaks, or "". */
  add(value: string): RuleName | '' {
    if (value === 'keep-alive') this.keepAlive = true
    else if (value === 'close') this.close = true
    else return this.#addList(tokenList(value))
    return ''
  }

  #addList(options: string[] | null): RuleName | '' {
    if (options === null || (this.#count += options.length) > MAX_OPTIONS) return 'connection-option'
    for (const option of options) {
      if (option === 'close') this.close = true
      else if (option === 'keep-alive') this.keepAlive = true
      else if (option === 'upgrade') this.upgrade = true
      else if (isProtected(option)) return 'connection-protected'
      else this.#named.push(option)
    }
    return ''
  }

  /** Takes the named fields out. */
  strip(fields: Fields): void {
    for (const name of this.#named) fields.remove(name)
  }
}

/**
 * Whether value is a list of protocols for Upgrade: `token["/"token]`, comma
 * separated (RFC 9110 §7.8).
 */
export function isProtocolList(value: string): boolean {
  return value !== '' && value.split(',').every(item => isProtocol(item.trim()))
}

function isProtocol(item: string): boolean {
  let slash = -1
  for (let i = 0; i < item.length; i++) {
    const c = item.charCodeAt(i)
    if (c === SLASH && slash === -1 && i !== 0) slash = i
    else if ((CHARS[c]! & TOKEN) === 0) return false
  }
  return item !== '' && slash !== item.length - 1
}

/**
 * Whether a protocol may be switched to through a gateway. Not h2c: a tunnel of
 * HTTP/2 behind our back carries requests that no route, policy or log ever
 * sees (request smuggling by h2c upgrade; RFC 9113 §3.1 has dropped it). Nor
 * TLS (RFC 2817), for the same reason.
 */
export function mayTunnel(value: string): boolean {
  return !/(^|[,\s])(h2c?|http|tls)\s*($|[,/])/i.test(value)
}
