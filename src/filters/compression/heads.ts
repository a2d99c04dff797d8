import type { Fields } from '../../http/fields.ts'
import { CHUNKED, NO_BODY, type RequestHead, type ResponseHead } from '../../http/head.ts'
import type { Encoding } from './negotiate.ts'
import type { TakesType } from './media-types.ts'

/**
 * What a response with one of these has is not for us to change: an encoding it
 * has already (`identity` too, which says "not this one"), a part of something,
 * or a digest of the very bytes (RFC 9530 has both digests after content coding)
 * that a client is to check, or a signature over such fields (RFC 9421).
 */
const bars: ReadonlySet<string> = new Set([
  'content-encoding',
  'content-range',
  'content-digest',
  'repr-digest',
  'digest',
  'content-md5',
  'signature-input',
])

const noTransform = /(?:^|[,\s])no-transform(?:$|[,;\s])/i

/** `Cache-Control: no-transform` (RFC 9111 §5.2.1.6, §5.2.2.6), in a request or a response. */
export function forbidsTransform(fields: Fields): boolean {
  const control = fields.combined('cache-control')
  return control !== undefined && noTransform.test(control)
}

/** Whether the body that this head announces, or would for GET, could be compressed; whoever asks. */
export function isCompressible(response: ResponseHead, takes: TakesType): boolean {
  if (!hasStatus(response.status)) return false
  const { fields } = response
  const type = fields.get('content-type')
  if (type === undefined || !takes(type)) return false
  const { list } = fields
  for (let i = 0; i < list.length; i += 2) if (bars.has(list[i]!.toLowerCase())) return false
  return !forbidsTransform(fields)
}

/** Statuses that have a body of their own; 206 is a part of one, whatever its fields say. */
function hasStatus(status: number): boolean {
  return status >= 200 && status !== 204 && status !== 205 && status !== 206 && status !== 304
}

/** Caches must not give one client's answer to another who takes other encodings (RFC 9110 §12.5.5): also where this one is sent as it is. */
export function vary(fields: Fields): void {
  const named = fields.combined('vary')
  if (named === undefined || !/(?:^|[,\s])(?:accept-encoding|\*)(?:$|[,\s])/i.test(named))
    fields.add('Vary', 'Accept-Encoding')
}

/** Makes it the head of the compressed body; `bytes` is the length of that, CHUNKED where it is not known yet. */
export function encodeHead(response: ResponseHead, encoding: Encoding, bytes: number = CHUNKED): void {
  const { fields } = response
  fields.add('Content-Encoding', encoding)
  weaken(fields)
  // Ranges would be of the bytes that the backend has.
  fields.remove('accept-ranges')
  response.length = bytes
  response.hasLength = bytes !== CHUNKED
}

/** The same for an answer to HEAD, of which GET would have had an encoded body. */
export function encodeHeadOnly(response: ResponseHead, encoding: Encoding): void {
  encodeHead(response, encoding)
  // RFC 9110 §9.3.2: a length that is known only when the body is made may be left out. From upstream it is an ordinary field.
  response.fields.remove('content-length')
  response.length = NO_BODY
}

/** What GET's body would be long, from an answer to HEAD; undefined where it does not say. */
export function lengthOfGet({ fields, length, hasLength }: ResponseHead): number | undefined {
  const said = fields.get('content-length')
  if (said !== undefined) return Number(said)
  return hasLength ? length : undefined
}

/**
 * A strong tag stands for the same bytes, and these are others now; a weak one for the same meaning (RFC 9110 §8.8.1).
 * What is no tag at all says nothing.
 */
function weaken(fields: Fields): void {
  const tag = fields.get('etag')
  if (tag === undefined || tag.startsWith('W/')) return
  if (isStrong(tag)) fields.set('ETag', `W/${tag}`, 'etag')
  else fields.remove('etag')
}

function isStrong(tag: string): boolean {
  return tag.length >= 2 && tag.startsWith('"') && tag.endsWith('"')
}

/**
 * A 304 confirms what the client keeps by its tag, and caches compare strongly where it has a strong one (RFC 9111
 * §4.3.4): a copy that was compressed here goes by the weak one, and would be thrown away. It is such a copy when the
 * client asks by the weak form of a tag that the backend has as a strong one.
 */
export function confirm(request: RequestHead, { fields }: ResponseHead): void {
  const tag = fields.get('etag')
  if (tag === undefined || !isStrong(tag)) return
  const asked = request.fields.combined('if-none-match')
  if (asked === undefined || !asked.includes(`W/${tag}`)) return
  // Who keeps both has got them from elsewhere.
  if (asked.split(`W/${tag}`).some(rest => rest.includes(tag))) return
  fields.set('ETag', `W/${tag}`, 'etag')
  vary(fields)
}
