import type { Rejection } from '../failures.ts'
import { Fields } from '../fields.ts'
import { tokenList } from '../h1/connection-options.ts'
import { Framing } from '../h1/framing.ts'
import * as names from '../h1/names.ts'
import { trailerAllowed } from '../h1/trailers.ts'
import { HINT_FORWARDED, HINT_ORIGIN, HINT_OWN, HINT_REQUEST_ID, HINT_TRACE, HINT_VIA } from '../head.ts'
import { refusals } from '../rejections.ts'
import * as kinds from './field-kinds.ts'
import type { FieldSink } from './hpack-decoder.ts'
import { malformed } from './rejections.ts'

export const REQUEST = 0
export const RESPONSE = 1
export const TRAILERS = 2

/** What a request line has beside method and path: two blanks and the version. */
export const LINE_BYTES = 10

/**
 * Limits of a field section, which count what the same would be in HTTP/1: that
 * many bytes, and cookie crumbs as one field, so that a head that is taken by
 * one protocol is taken by the other.
 */
export interface SectionLimits {
  readonly headBytes: number
  readonly fieldCount: number
  /** A field's line; of crumbs each by itself, as where HTTP/1 has several Cookie fields. */
  readonly fieldBytes: number
  readonly underscores: 'allow' | 'drop' | 'reject'
}

/**
 * Gathers the fields of a head or of trailers and holds them to the rules of
 * RFC 9113 §8.2 and §8.3 (and to HTTP1.md's, since what comes in here may leave
 * by HTTP/1). One per session, begun anew for each section.
 */
export class FieldSection implements FieldSink {
  /** A limit was passed, or a rule broken: what follows is not looked at. */
  full = false
  /** The section is malformed (§8.1.1). */
  malformed: Rejection | null = null
  /** It is well-formed, and refused with an answer. */
  refusal: Rejection | null = null
  /** A field that broke a rule, where it is one whose name says more than the rule's. */
  brokenField = ''
  fields = new Fields()
  // Pseudo-header fields.
  method: string | null = null
  scheme: string | null = null
  authority: string | null = null
  path: string | null = null
  protocol: string | null = null
  status: string | null = null
  // Fields that the codec owns.
  host: string | null = null
  readonly framing = new Framing()
  cookie = ''
  private lateType: string | null = null
  trailer = ''
  expect = false
  acceptsTrailers = false
  hints = 0
  private seen = 0
  private kind = REQUEST
  private limits: SectionLimits
  private count = 0
  /** Its size, as SectionLimits has it. */
  bytes = 0
  private regular = false

  constructor(limits: SectionLimits) {
    this.limits = limits
  }

  begin(kind: number, limits: SectionLimits): void {
    this.kind = kind
    this.limits = limits
    this.full = this.expect = this.acceptsTrailers = this.regular = false
    this.malformed = this.refusal = this.lateType = null
    this.fields = new Fields()
    this.method = this.scheme = this.authority = this.path = this.protocol = this.status = this.host = null
    this.framing.reset()
    this.cookie = this.trailer = this.brokenField = ''
    this.hints = this.seen = this.count = 0
    this.bytes = kind === REQUEST ? LINE_BYTES : 0
  }

  field(name: string, value: string, kind: number): void {
    if (this.full) return this.lateField(value, kind)
    const { limits } = this
    const known = kind & kinds.KNOWN
    this.size(known, name, value)
    if (this.count > limits.fieldCount) return this.stop('field-count')
    if (this.bytes > limits.headBytes) return this.stop('head-size')
    if (kind >= kinds.BAD_NAME && !this.passes(name, kind)) return
    if (known >= kinds.METHOD) return this.pseudo(known, value)
    this.regular = true
    if (name.length + value.length + 2 > limits.fieldBytes) return this.refuse(refusals['field-size'])
    if (known === names.OTHER) this.fields.list.push(name, value)
    else if (known <= names.EXPECT) this.owned(known, name, value)
    else this.noted(known, name, value)
    if (this.kind === TRAILERS) this.filterTrailer(name)
  }

  /** What HTTP/1 would have of it: a part of the request line, a field's line, or more of the Cookie's. */
  private size(known: number, name: string, value: string): void {
    if (known === kinds.COOKIE && this.cookie !== '') this.bytes += value.length + 2
    else if (known < kinds.METHOD || known === kinds.AUTHORITY) {
      this.count++
      this.bytes += (known === kinds.AUTHORITY ? 4 : name.length) + value.length + 4
    } else if (known !== kinds.SCHEME) this.bytes += value.length
  }

  /** Beyond a limit: only what the refusal is written in, once. */
  private lateField(value: string, kind: number): void {
    if (kinds.isLateField(kind)) this.lateType ??= value
  }

  /** Of a section that is refused, wherever it stands. */
  get contentType(): string | undefined {
    return this.fields.get('content-type') ?? this.lateType ?? undefined
  }

  /** What is wrong with the section as such, the worst first. */
  get fault(): Rejection | null {
    return this.malformed ?? this.refusal
  }

  private stop(rule: 'field-count' | 'head-size'): void {
    this.full = true
    this.refuse(refusals[rule])
  }

  private refuse(rejection: Rejection): void {
    this.refusal ??= rejection
  }

  private break(rejection: Rejection): void {
    this.malformed ??= rejection
    this.full = true
  }

  /** Looks at what is flagged; false where the field does not become one of the head. */
  private passes(name: string, kind: number): boolean {
    if ((kind & kinds.BAD_NAME) !== 0) this.break(malformed['h2-field-name'])
    else if ((kind & kinds.BAD_VALUE) !== 0) this.break(malformed['h2-field-value'])
    else
      return this.kind !== REQUEST || this.limits.underscores === 'allow'
        ? !this.isAlias(name)
        : this.dropped()
    return false
  }

  private dropped(): boolean {
    this.regular = true
    if (this.limits.underscores === 'reject') this.refuse(refusals['field-underscore'])
    return false
  }

  // "drop" and "allow" must not differ in what the upstream takes for Content-Length or X-Forwarded-For.
  private isAlias(name: string): boolean {
    if (this.kind !== REQUEST) return false
    const alias = name.replaceAll('_', '-')
    if (names.knownField(alias, 0, alias.length) === names.OTHER && !names.isProtected(alias)) return false
    this.refuse(refusals['field-underscore-alias'])
    return true
  }

  /** §8.3: before all others, once, and only those that this kind of message has. */
  private pseudo(known: number, value: string): void {
    if (this.kind === TRAILERS) return this.break(malformed['h2-pseudo-trailer'])
    if (this.regular) return this.break(malformed['h2-pseudo-late'])
    if (known === kinds.UNKNOWN_PSEUDO || (known === kinds.STATUS) !== (this.kind === RESPONSE))
      return this.break(malformed['h2-pseudo-unknown'])
    const bit = 1 << (known - kinds.METHOD)
    if ((this.seen & bit) !== 0) return this.break(malformed['h2-pseudo-repeated'])
    this.seen |= bit
    if (known === kinds.PATH) this.path = value
    else if (known === kinds.METHOD) this.method = value
    else if (known === kinds.SCHEME) this.scheme = value
    else if (known === kinds.AUTHORITY) this.authority = value
    else if (known === kinds.STATUS) this.status = value
    else this.protocol = value
  }

  /** Fields up to EXPECT are the codec's. */
  private owned(known: number, name: string, value: string): void {
    switch (known) {
      case names.CONTENT_LENGTH:
        return this.contentLength(value)
      case names.TE:
        if (value.toLowerCase() !== 'trailers') this.break(malformed['h2-te'])
        this.acceptsTrailers = true
        return
      case names.TRAILER:
        if (tokenList(value) === null) this.refuse(refusals['trailer-names'])
        this.trailer = this.trailer === '' ? value : `${this.trailer}, ${value}`
        return
      case names.HOST:
        if (this.kind !== REQUEST) this.fields.list.push(name, value)
        else if (this.host !== null) this.refuse(refusals['host-repeated'])
        else this.host = value
        return
      case names.EXPECT:
        if (this.kind === REQUEST && value.toLowerCase() !== '100-continue') this.refuse(refusals.expectation)
        this.expect = true
        return
      default:
        // §8.2.2: Connection, Keep-Alive, Proxy-Connection, Transfer-Encoding, Upgrade.
        return this.break(malformed['h2-connection-field'])
    }
  }

  private contentLength(value: string): void {
    const fault = this.framing.contentLength(value, 0, value.length)
    if (fault !== '') this.refuse(refusals[fault])
  }

  private noted(known: number, name: string, value: string): void {
    // §8.2.3: crumbs are one field again for everyone behind us.
    if (known === kinds.COOKIE && this.kind === REQUEST) {
      this.cookie = this.cookie === '' ? value : `${this.cookie}; ${value}`
      return
    }
    if (known !== kinds.COOKIE) this.note(known, name)
    this.fields.list.push(name, value)
  }

  private note(known: number, name: string): void {
    const bit = 1 << known
    const singletons = this.kind === REQUEST ? names.REQUEST_SINGLETONS : names.RESPONSE_SINGLETONS
    // The pseudo-header fields' bits are below: those of METHOD to STATUS, 0 to 5, are numbers of owned fields.
    if ((bit & singletons & this.seen) !== 0) {
      this.refuse(refusals['field-repeated'])
      this.brokenField = name
    }
    this.seen |= bit
    if (known === names.FORWARDED) this.hints |= HINT_FORWARDED
    else if (known === names.REQUEST_ID) this.hints |= HINT_REQUEST_ID
    else if (known === names.TRACE) this.hints |= HINT_TRACE
    else if (known === names.VIA) this.hints |= HINT_VIA
    else if (known === names.ORIGIN) this.hints |= HINT_ORIGIN
    else if (known === names.OWN) this.hints |= HINT_OWN
  }

  /** Of trailers only what may pass is kept (h1/trailers.ts). */
  private filterTrailer(name: string): void {
    const { list } = this.fields
    if (list.length < 2 || list[list.length - 2] !== name) return
    if (!trailerAllowed(name, this.limits.underscores === 'allow')) list.length -= 2
  }
}
