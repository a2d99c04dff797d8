import { CHARS, CR, HTAB, LF, QUESTION, SP, TOKEN, VALUE } from '../chars.ts'
import type { Rejection } from '../failures.ts'
import { Fields } from '../fields.ts'
import {
  CHUNKED,
  HINT_FORWARDED,
  HINT_ORIGIN,
  HINT_OWN,
  HINT_REQUEST_ID,
  HINT_TRACE,
  HINT_VIA,
  NO_BODY,
} from '../head.ts'
import type { RequestHead } from '../head.ts'
import { isMethod } from '../methods.ts'
import { refusals } from '../rejections.ts'
import type { RuleName } from '../rejections.ts'
import { normalAuthority, parseAuthority, parseTarget, plainPathEnd, queryEnd } from '../target.ts'
import type { PathSettings, RequestTarget } from '../target.ts'
import { ConnectionOptions, isProtocolList, mayTunnel, tokenList } from './connection-options.ts'
import { FAULT, FIELD, FieldCursor } from './fieldcursor.ts'
import { WireText } from './wiretext.ts'
import type { FieldLimits } from './fieldcursor.ts'
import { Framing } from './framing.ts'
import * as names from './names.ts'

/** What ClientPolicy says about heads and paths; the snapshot's ClientSettings is one. Sizes in bytes, without line endings. */
export interface HeadLimits extends FieldLimits, PathSettings {
  readonly requestLineBytes: number
  /** Field names with "_": CGI and its heirs read them as "-", which is how a client gets past a check for the other name. */
  readonly underscores: 'allow' | 'drop' | 'reject'
}

/**
 * Parses request heads, each in one go, so that the connections of a worker share one: what it holds is of one head,
 * and an idle connection holds none of it.
 */
export class RequestParser {
  readonly #cursor = new FieldCursor()
  readonly #connection = new ConnectionOptions()
  readonly #framing = new Framing()
  readonly #wire = new WireText()
  // The head being parsed.
  #fields = new Fields()
  #seen = 0
  #hints = 0
  #authority: string | null = null
  #hostname = ''
  #upgrade = ''
  #expect = false
  #acceptsTrailers = false
  #trailer = ''

  /** In the text of the last head, the offset of the first character after it. */
  get end(): number {
    return this.#cursor.at
  }

  /** The text must end with CRLF CRLF. */
  parse(text: string, limits: HeadLimits, scheme: 'http' | 'https'): RequestHead | Rejection {
    this.#cursor.at = 0
    let begin = 0
    if (text.charCodeAt(0) === CR) {
      if (text.charCodeAt(1) !== LF) return refusals['line-ending']
      begin = 2
      if (text.charCodeAt(2) === CR)
        return refusals[text.charCodeAt(3) === LF ? 'leading-line' : 'line-ending']
    }
    const limit = begin + Math.min(limits.requestLineBytes, limits.headBytes)
    let at = begin
    while ((CHARS[text.charCodeAt(at)]! & TOKEN) !== 0) at++
    if (at === begin || text.charCodeAt(at) !== SP) return lineFault(text, begin, at, limit)
    const method = text.slice(begin, at)

    const from = at + 1
    const pathEnd = plainPathEnd(text, from)
    at = text.charCodeAt(pathEnd) === QUESTION ? queryEnd(text, pathEnd + 1) : pathEnd
    let target: RequestTarget | null = null
    const plain = text.charCodeAt(at) === SP && pathEnd !== from
    if (!plain) {
      at = visibleEnd(text, from)
      if (at === from || text.charCodeAt(at) !== SP) return lineFault(text, begin, at, limit)
    }
    const version = versionAt(text, at + 1)
    if (version === 0) return versionFault(text, begin, at + 1, limit)
    if (at + 9 > limit) return refusals['request-line-size']
    if (!isMethod(method)) return refusals[method === 'CONNECT' ? 'method-connect' : 'method-unknown']
    if (!plain) {
      const parsed = parseTarget(text.slice(from, at), method, scheme, limits)
      if ('rule' in parsed) return parsed
      target = parsed
    }

    this.#reset()
    this.#cursor.start(text, at + 11, begin)
    const fault = this.#readFields(version, limits)
    if (fault !== '') return refusals[fault]
    if (this.#authority === null && version === 11) return refusals['host-missing']
    const given = target !== null && target.authority !== '' ? target : null
    const { close, keepAlive } = this.#connection
    const { length } = this.#framing
    return {
      method,
      scheme,
      authority: given === null ? (this.#authority ?? '') : given.authority,
      hostname: given === null ? this.#hostname : given.hostname,
      path: target === null ? text.slice(from, pathEnd) : target.path,
      query: target === null ? text.slice(pathEnd, at) : target.query,
      version,
      fields: this.#fields,
      length,
      hasLength: this.#framing.hasLength,
      keepAlive: !close && (version === 11 || keepAlive),
      upgrade: this.#upgradeOf(version, length),
      expectContinue: this.#expect && length !== NO_BODY && version === 11,
      acceptsTrailers: this.#acceptsTrailers,
      trailer: length === CHUNKED ? this.#trailer : '',
      hints: this.#hints,
    }
  }

  #reset(): void {
    this.#fields = new Fields()
    this.#seen = 0
    this.#hints = 0
    this.#authority = null
    this.#hostname = ''
    this.#upgrade = ''
    this.#expect = false
    this.#acceptsTrailers = false
    this.#trailer = ''
    this.#connection.reset()
    this.#framing.reset()
    this.#wire.reset()
  }

  #readFields(version: number, limits: HeadLimits): RuleName | '' {
    const cursor = this.#cursor
    const { list } = this.#fields
    const { text } = cursor
    let found
    while ((found = cursor.next(limits)) === FIELD) {
      if (cursor.underscore) {
        const fault = this.#underscoreFault(limits.underscores)
        if (fault !== '') return fault
        if (limits.underscores === 'drop') continue
      }
      const known = names.knownField(text, cursor.nameStart, cursor.nameEnd)
      if (known !== names.OTHER) {
        const fault = this.#readKnown(known)
        if (fault !== '') return fault
        if (known <= names.EXPECT) continue
      }
      list.push(text.slice(cursor.nameStart, cursor.nameEnd), text.slice(cursor.valueStart, cursor.valueEnd))
      this.#wire.keep(cursor)
    }
    if (found === FAULT) return cursor.fault
    this.#fields.wrote(0, this.#wire.finish(text))
    this.#connection.strip(this.#fields)
    return this.#framing.finish(version)
  }

  /** Fields up to EXPECT are the codec's and do not become fields of the head. */
  #readKnown(known: number): RuleName | '' {
    const { text, valueStart, valueEnd } = this.#cursor
    switch (known) {
      case names.HOST:
        return this.#readHost(text.slice(valueStart, valueEnd))
      case names.CONNECTION:
        return this.#connection.add(text.slice(valueStart, valueEnd))
      case names.CONTENT_LENGTH:
        if (this.#cursor.tabbed) return 'content-length'
        return this.#framing.contentLength(text, valueStart, valueEnd)
      case names.TRANSFER_ENCODING:
        if (this.#cursor.tabbed) return 'transfer-encoding'
        return this.#framing.transferEncoding(text.slice(valueStart, valueEnd))
      case names.KEEP_ALIVE:
        return ''
      case names.PROXY_CONNECTION:
        // Never defined, but llhttp and others obey it; obeying its "close" as well keeps the ends of messages equal.
        if (/(^|[\s,])close($|[\s,])/i.test(text.slice(valueStart, valueEnd))) this.#connection.close = true
        return ''
      case names.TE:
        if (/(^|,)[ \t]*trailers[ \t]*($|,)/i.test(text.slice(valueStart, valueEnd)))
          this.#acceptsTrailers = true
        return ''
      case names.TRAILER:
        return this.#readTrailer(text.slice(valueStart, valueEnd))
      case names.UPGRADE:
        return this.#readUpgrade(text.slice(valueStart, valueEnd))
      case names.EXPECT:
        if (text.slice(valueStart, valueEnd).toLowerCase() !== '100-continue') return 'expectation'
        this.#expect = true
        return ''
      default:
        return this.#noteKnown(known)
    }
  }

  #noteKnown(known: number): RuleName | '' {
    const bit = 1 << known
    if ((bit & names.REQUEST_SINGLETONS & this.#seen) !== 0) return 'field-repeated'
    this.#seen |= bit
    if (known === names.FORWARDED) this.#hints |= HINT_FORWARDED
    else if (known === names.REQUEST_ID) this.#hints |= HINT_REQUEST_ID
    else if (known === names.TRACE) this.#hints |= HINT_TRACE
    else if (known === names.VIA) this.#hints |= HINT_VIA
    else if (known === names.ORIGIN) this.#hints |= HINT_ORIGIN
    else if (known === names.OWN) this.#hints |= HINT_OWN
    return ''
  }

  #readHost(value: string): RuleName | '' {
    if (this.#authority !== null) return 'host-repeated'
    const hostname = parseAuthority(value)
    if (hostname === null) return 'host-invalid'
    this.#authority = normalAuthority(value)
    this.#hostname = hostname
    return ''
  }

  #readTrailer(value: string): RuleName | '' {
    if (tokenList(value) === null) return 'trailer-names'
    this.#trailer = this.#trailer === '' ? value : `${this.#trailer}, ${value}`
    return ''
  }

  #readUpgrade(value: string): RuleName | '' {
    if (!isProtocolList(value)) return 'upgrade-protocol'
    this.#upgrade = this.#upgrade === '' ? value : `${this.#upgrade}, ${value}`
    return ''
  }

  // RFC 9110 §7.8: HTTP/1.0 has no Upgrade. One with a body is served as if it had not asked: the tunnel could only
  // begin after the body, and the upstream may answer before that.
  #upgradeOf(version: number, length: number): string {
    if (this.#upgrade === '' || !this.#connection.upgrade || version !== 11 || length !== NO_BODY) return ''
    return mayTunnel(this.#upgrade) ? this.#upgrade : ''
  }

  // "drop" and "allow" must not differ in what the upstream takes for Content-Length or X-Forwarded-For.
  #underscoreFault(underscores: HeadLimits['underscores']): RuleName | '' {
    if (underscores === 'drop') return ''
    if (underscores === 'reject') return 'field-underscore'
    const { text, nameStart, nameEnd } = this.#cursor
    const alias = text.slice(nameStart, nameEnd).replaceAll('_', '-').toLowerCase()
    return names.knownField(alias, 0, alias.length) !== names.OTHER || names.isProtected(alias)
      ? 'field-underscore-alias'
      : ''
  }
}

function visibleEnd(text: string, from: number): number {
  let i = from
  for (
    let c = text.charCodeAt(i);
    (CHARS[c]! & VALUE) !== 0 && c !== SP && c !== HTAB;
    c = text.charCodeAt(i)
  )
    i++
  return i
}

/** 10 or 11 where "HTTP/1.0" or "HTTP/1.1" and CRLF stand at `at`, else 0. */
function versionAt(text: string, at: number): number {
  // Compared by hand: startsWith costs a call and a flattening for eight characters.
  if (text.charCodeAt(at) !== 72 || text.charCodeAt(at + 1) !== 84 || text.charCodeAt(at + 2) !== 84) return 0
  if (text.charCodeAt(at + 3) !== 80 || text.charCodeAt(at + 4) !== 47 || text.charCodeAt(at + 5) !== 49)
    return 0
  if (text.charCodeAt(at + 6) !== 46 || text.charCodeAt(at + 8) !== CR || text.charCodeAt(at + 9) !== LF)
    return 0
  const minor = text.charCodeAt(at + 7) - 48
  return minor === 1 ? 11 : minor === 0 ? 10 : 0
}

/** What is wrong at `at`, the first character of a request line that cannot stand there. */
function lineFault(text: string, begin: number, at: number, limit: number): Rejection {
  if (at > limit) return refusals['request-line-size']
  const c = text.charCodeAt(at)
  if (at === begin && (c === SP || c === HTAB)) return refusals['leading-line']
  if (c === CR) return refusals[text.charCodeAt(at + 1) === LF ? 'request-line' : 'line-ending']
  return refusals[c === HTAB || (CHARS[c]! & VALUE) !== 0 ? 'request-line' : 'line-ending']
}

function versionFault(text: string, begin: number, from: number, limit: number): Rejection {
  const shape = 'HTTP/d.d'
  let i = 0
  for (; i < shape.length; i++) {
    const c = text.charCodeAt(from + i)
    if (shape[i] === 'd' ? c < 48 || c > 57 : c !== shape.charCodeAt(i)) break
  }
  const c = text.charCodeAt(from + i)
  if (i < shape.length || c !== CR || text.charCodeAt(from + i + 1) !== LF)
    return lineFault(text, begin, from + i, limit)
  return refusals[from + i > limit ? 'request-line-size' : 'http-version']
}
