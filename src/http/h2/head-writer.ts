import type { Fields } from '../fields.ts'
import { NO_BODY, type RequestHead, type ResponseHead } from '../head.ts'
import { FRAME_HEADER } from './codes.ts'
import type { FrameOutput } from './frame-output.ts'
import { BLOCK_OVERHEAD, FIELD_OVERHEAD, type HpackEncoder } from './hpack-encoder.ts'
import { listBytes, requestListBytes, responseListBytes } from './list-size.ts'

/** What the fields that we add ourselves take at most: status, date and lengths. */
const OWN_BYTES = 256

// RFC 7541 Appendix A.
const STATUS_INDEX: Readonly<Record<number, number>> = {
  200: 8,
  204: 9,
  206: 10,
  304: 11,
  400: 12,
  404: 13,
  500: 14,
}
const METHOD_INDEX: Readonly<Record<string, number>> = { GET: 2, POST: 3 }

/** Writes heads of one connection as HEADERS (and CONTINUATION) frames. */
export class HeadWriter {
  /** The peer's SETTINGS_MAX_FRAME_SIZE. */
  frameBytes: number
  /** The peer's SETTINGS_MAX_HEADER_LIST_SIZE: what is larger it would refuse, and is not sent (RFC 9113 §10.5.1). */
  listBytes = Number.POSITIVE_INFINITY
  private readonly output: FrameOutput
  private readonly encoder: HpackEncoder

  constructor(output: FrameOutput, encoder: HpackEncoder, frameBytes: number) {
    this.output = output
    this.encoder = encoder
    this.frameBytes = frameBytes
  }

  takesResponse(head: ResponseHead): boolean {
    return this.listBytes === Number.POSITIVE_INFINITY || responseListBytes(head) <= this.listBytes
  }

  takesRequest(head: RequestHead, scheme: string): boolean {
    return this.listBytes === Number.POSITIVE_INFINITY || requestListBytes(head, scheme) <= this.listBytes
  }

  takesTrailers(fields: Fields): boolean {
    return this.listBytes === Number.POSITIVE_INFINITY || listBytes(fields) <= this.listBytes
  }

  /** An interim response, or the final one. */
  response(stream: number, head: ResponseHead, endStream: boolean): void {
    const { status, fields, length } = head
    const begin = this.begin(fields, head.trailer.length)
    const { buffer } = this.output
    let at = this.encoder.begin(buffer, begin + FRAME_HEADER)
    const index = STATUS_INDEX[status]
    at =
      index === undefined
        ? this.field(buffer, at, ':status', String(status))
        : this.encoder.indexed(buffer, at, index)
    const dated = status < 200 || fields.has('date')
    at = this.fields(buffer, at, fields)
    if (status >= 200) {
      if (!dated) at = this.field(buffer, at, 'date', dateNow())
      // RFC 9110 §8.6: none in 204.
      if (status !== 204 && (length > 0 || (length === NO_BODY && head.hasLength)))
        at = this.field(buffer, at, 'content-length', String(length))
      if (head.trailer !== '' && !endStream) at = this.field(buffer, at, 'trailer', head.trailer)
    }
    this.output.headers(stream, begin, at, endStream, this.frameBytes)
  }

  /** A request; `protocol` makes it an extended CONNECT (RFC 8441 §4). */
  request(stream: number, head: RequestHead, scheme: string, endStream: boolean): void {
    const { method, path, query, authority, fields, length, upgrade } = head
    const begin = this.begin(
      fields,
      head.trailer.length + path.length + query.length + authority.length + upgrade.length,
    )
    const { buffer } = this.output
    let at = this.encoder.begin(buffer, begin + FRAME_HEADER)
    const index = upgrade === '' ? METHOD_INDEX[method] : undefined
    if (index !== undefined) at = this.encoder.indexed(buffer, at, index)
    else at = this.field(buffer, at, ':method', upgrade === '' ? method : 'CONNECT')
    if (upgrade !== '') at = this.field(buffer, at, ':protocol', upgrade)
    at = this.encoder.indexed(buffer, at, scheme === 'https' ? 7 : 6)
    at = this.field(buffer, at, ':authority', authority)
    at =
      path === '/' && query === ''
        ? this.encoder.indexed(buffer, at, 4)
        : this.field(buffer, at, ':path', path + query)
    at = this.fields(buffer, at, fields)
    if (length > 0 || (length === NO_BODY && head.hasLength))
      at = this.field(buffer, at, 'content-length', String(length))
    if (head.acceptsTrailers) at = this.field(buffer, at, 'te', 'trailers')
    if (head.trailer !== '' && !endStream) at = this.field(buffer, at, 'trailer', head.trailer)
    this.output.headers(stream, begin, at, endStream, this.frameBytes)
  }

  /** Trailers end their stream. */
  trailers(stream: number, fields: Fields): void {
    const begin = this.begin(fields, 0)
    const { buffer } = this.output
    const at = this.fields(buffer, this.encoder.begin(buffer, begin + FRAME_HEADER), fields)
    this.output.headers(stream, begin, at, true, this.frameBytes)
  }

  private begin(fields: Fields, extra: number): number {
    const { list } = fields
    let room = FRAME_HEADER + BLOCK_OVERHEAD + OWN_BYTES + extra
    for (let i = 0; i < list.length; i += 2) room += list[i]!.length + list[i + 1]!.length + FIELD_OVERHEAD
    return this.output.reserve(room)
  }

  private fields(buffer: Buffer, at: number, fields: Fields): number {
    const { list } = fields
    let next = at
    for (let i = 0; i < list.length; i += 2) next = this.encoder.field(buffer, next, list[i]!, list[i + 1]!)
    return next
  }

  private field(buffer: Buffer, at: number, name: string, value: string): number {
    return this.encoder.field(buffer, at, name, value)
  }
}

let dateSecond = 0
let dateText = ''

function dateNow(): string {
  const second = Math.floor(Date.now() / 1000)
  if (second !== dateSecond) {
    dateSecond = second
    dateText = new Date(second * 1000).toUTCString()
  }
  return dateText
}
