import { canonicalHostname } from '../../http/hostname.ts'

/** What decides who answers a client: read from its first bytes, before any of them is believed. */
export interface ClientHello {
  /** As canonicalHostname has it; "" where the client names none. */
  readonly serverName: string
  /** The first 16 bytes of the ticket that it offers, in hex, which name the key it was sealed with; or "". */
  readonly ticketKey: string
  /** Cipher suites, numbers of two bytes each, as the lists below; what is not offered is empty. */
  readonly suites: Buffer
  /** RFC 8446 §4.2.1: those that begin with 3.4, TLS 1.3. */
  readonly versions: Buffer
  readonly signatureSchemes: Buffer
  readonly groups: Buffer
  /** Whether it validates a name: it offers the protocol `acme-tls/1` and no other (RFC 8737 §3). */
  readonly validates: boolean
}

/** Real ones have 200 to 4,000 bytes; tickets that hold a client's certificates make the longest. */
export const HELLO_BYTES = 32 * 1024

const HANDSHAKE = 22
const CLIENT_HELLO = 1
const MAX_RECORD = 16_384
const SERVER_NAME = 0
const SUPPORTED_GROUPS = 10
const SIGNATURE_ALGORITHMS = 13
const PROTOCOLS = 16
const SESSION_TICKET = 35
const PRE_SHARED_KEY = 41
const SUPPORTED_VERSIONS = 43
const KEY_NAME_BYTES = 16
const ACME_ALONE = Buffer.from('\0\x0b\x0aacme-tls/1', 'latin1')

/**
 * The ClientHello (RFC 8446 §4.1.2) at the beginning of a connection: as long as it is not complete, how many bytes
 * there must be before it is worth asking again (so that one sent byte by byte is not read as often); `malformed` for
 * anything else. Stricter than TLS libraries: what is accepted here is read by all of them alike,
 * so that the listener chosen is the one that the handshake is then made for.
 */
export function readClientHello(bytes: Buffer): ClientHello | 'malformed' | number {
  const message = handshakeMessage(bytes)
  if (typeof message === 'number' || message === 'malformed') return message
  const hello = new Hello()
  return hello.read(new Cursor(message)) ? hello : 'malformed'
}

/** The body of the first handshake message, put together from its records (RFC 8446 §5.1). */
function handshakeMessage(bytes: Buffer): Buffer | 'malformed' | number {
  const pieces: Buffer[] = []
  let gathered = 0
  let wanted = -1
  for (let at = 0; ;) {
    // What is there of the record's header must be right at once: whoever speaks another protocol may never send more.
    if (bytes.length > at && bytes[at] !== HANDSHAKE) return 'malformed'
    if (bytes.length > at + 1 && bytes[at + 1] !== 3) return 'malformed'
    if (bytes.length < at + 5) return at + 5
    const length = bytes.readUInt16BE(at + 3)
    if (length === 0 || length > MAX_RECORD) return 'malformed'
    const end = Math.min(bytes.length, at + 5 + length)
    pieces.push(bytes.subarray(at + 5, end))
    gathered += end - at - 5
    if (wanted < 0 && gathered >= 4) {
      const head = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)
      wanted = 4 + head.readUIntBE(1, 3)
      if (head[0] !== CLIENT_HELLO || wanted > HELLO_BYTES) return 'malformed'
    }
    // Nothing may follow in the record: a client says no more before it is answered.
    if (wanted >= 0 && gathered > wanted) return 'malformed'
    if (end < at + 5 + length) return at + 5 + length
    if (gathered === wanted) return Buffer.concat(pieces).subarray(4)
    // A record of a byte each is a way to make us work, and nobody's honest habit.
    if (pieces.length > 16) return 'malformed'
    at = end
  }
}

/** Reads forward, and never beyond the end: `ok` tells whether everything asked for was there. */
class Cursor {
  ok = true
  readonly bytes: Buffer
  private at = 0
  private readonly end: number

  constructor(bytes: Buffer) {
    this.bytes = bytes
    this.end = bytes.length
  }

  get empty(): boolean {
    return this.at === this.end
  }

  number(size: 1 | 2): number {
    const from = this.at
    if (!this.take(size)) return 0
    return size === 1 ? this.bytes[from]! : this.bytes.readUInt16BE(from)
  }

  skip(count: number): void {
    this.take(count)
  }

  /** A vector with its length before it (RFC 8446 §3.4), as a cursor of its own. */
  vector(size: 1 | 2, least: number, most: number): Cursor {
    const length = this.number(size)
    const from = this.at
    if (length < least || length > most) this.ok = false
    return this.take(length) ? new Cursor(this.bytes.subarray(from, from + length)) : new Cursor(nothing)
  }

  text(encoding: 'latin1' | 'hex', from = 0, to = this.bytes.length): string {
    return this.bytes.toString(encoding, from, to)
  }

  get length(): number {
    return this.bytes.length
  }

  /** All of a list of numbers of two bytes, and nothing behind it; `ok` is false where it is none. */
  numbers(size: 1 | 2, most: number): Buffer {
    const list = this.vector(size, 2, most)
    if (!this.empty || list.length % 2 !== 0) this.ok = false
    return list.bytes
  }

  private take(count: number): boolean {
    if (!this.ok || this.at + count > this.end) {
      this.ok = false
      return false
    }
    this.at += count
    return true
  }
}

const nothing: Buffer = Buffer.alloc(0)

class Hello implements ClientHello {
  serverName = ''
  ticketKey = ''
  suites = nothing
  versions = nothing
  signatureSchemes = nothing
  groups = nothing
  validates = false

  /** False where a rule of the format is broken. */
  read(hello: Cursor): boolean {
    // legacy_version and random.
    hello.skip(2 + 32)
    hello.vector(1, 0, 32)
    const suites = hello.vector(2, 2, 65_534)
    hello.vector(1, 1, 255)
    if (!hello.ok || suites.length % 2 !== 0) return false
    this.suites = suites.bytes
    // Without extensions (TLS 1.2 allows that) there is no name either.
    if (hello.empty) return true
    const extensions = hello.vector(2, 0, 65_535)
    return hello.ok && hello.empty && this.extensions(extensions)
  }

  private extensions(all: Cursor): boolean {
    const seen = new Set<number>()
    while (!all.empty) {
      const type = all.number(2)
      const body = all.vector(2, 0, 65_535)
      // RFC 8446 §4.2: none twice, and the pre-shared key is the last.
      if (!all.ok || seen.has(type) || seen.has(PRE_SHARED_KEY)) return false
      seen.add(type)
      if (!this.extension(type, body)) return false
    }
    return true
  }

  private extension(type: number, body: Cursor): boolean {
    switch (type) {
      case SERVER_NAME:
        return this.name(body)
      case SUPPORTED_GROUPS:
        this.groups = body.numbers(2, 65_535)
        return body.ok
      case SIGNATURE_ALGORITHMS:
        this.signatureSchemes = body.numbers(2, 65_534)
        return body.ok
      case SUPPORTED_VERSIONS:
        this.versions = body.numbers(1, 254)
        return body.ok
      case PROTOCOLS:
        this.validates = body.bytes.equals(ACME_ALONE)
        return true
      case SESSION_TICKET:
        if (this.ticketKey === '') this.ticketKey = keyName(body)
        return true
      case PRE_SHARED_KEY:
        return this.preSharedKey(body)
      default:
        return true
    }
  }

  /** RFC 6066 §3. There is one name of type host_name, and nothing else was ever defined. */
  private name(body: Cursor): boolean {
    const list = body.vector(2, 1, 65_535)
    if (!body.ok || !body.empty || list.number(1) !== 0) return false
    const name = list.vector(2, 1, 255)
    if (!list.ok || !list.empty) return false
    this.serverName = canonicalHostname(name.text('latin1'))
    return /^[a-z0-9_]([-a-z0-9_]*[a-z0-9_])?(\.[a-z0-9_]([-a-z0-9_]*[a-z0-9_])?)*$/.test(this.serverName)
  }

  /** Of TLS 1.3; it is what counts where a ticket of TLS 1.2 is offered beside it. */
  private preSharedKey(body: Cursor): boolean {
    const identities = body.vector(2, 7, 65_535)
    const first = identities.vector(2, 1, 65_535)
    if (!body.ok || !identities.ok) return false
    this.ticketKey = keyName(first)
    return true
  }
}

function keyName(ticket: Cursor): string {
  return ticket.length < KEY_NAME_BYTES ? '' : ticket.text('hex', 0, KEY_NAME_BYTES)
}

/** The alert (RFC 8446 §6) for whoever does not speak TLS. */
export const DECODE_ERROR = 50

/** A fatal alert as a record of its own; before keys are agreed on it is plain text in every version. */
export function alertRecord(description: number): Buffer {
  return Buffer.from([21, 3, 3, 0, 2, 2, description])
}
