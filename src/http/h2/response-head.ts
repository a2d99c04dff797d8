import type { Rejection } from '../failures.ts'
import { CHUNKED, NO_BODY, type ResponseHead } from '../head.ts'
import type { FieldSection } from './field-section.ts'
import { malformed } from './rejections.ts'

/**
 * The response that a section is (RFC 9113 §8.3.2), to a request of this
 * method, or why it is none. For HEAD and 304 Content-Length says something
 * about another response, so it stays among the fields.
 */
export function responseHead(
  section: FieldSection,
  method: string,
  endStream: boolean,
): ResponseHead | Rejection {
  const { fields, framing } = section
  if (section.fault !== null) return section.fault
  if (section.status === null) return malformed['h2-pseudo-missing']
  const status = readStatus(section.status)
  // §8.6: 101 is not used; and an interim response is not the last.
  if (status === 0 || status === 101 || (status < 200 && endStream)) return malformed['h2-status']
  const describes = method === 'HEAD' || status === 304
  const bodiless = describes || status < 200 || status === 204
  if (describes && framing.hasLength) fields.add('content-length', String(framing.length))
  if (endStream && !bodiless && framing.length > 0) return malformed['h2-content-length']
  const length = framing.hasLength ? framing.length : CHUNKED
  return {
    status,
    reason: '',
    version: 20,
    fields,
    length: bodiless || endStream ? NO_BODY : length,
    hasLength: framing.hasLength && !bodiless,
    keepAlive: true,
    upgrade: '',
    trailer: bodiless || endStream ? '' : section.trailer,
  }
}

/** 100 to 599 (RFC 9110 §15), or 0. */
function readStatus(text: string): number {
  const a = text.charCodeAt(0) - 48
  const b = text.charCodeAt(1) - 48
  const c = text.charCodeAt(2) - 48
  if (text.length !== 3 || a < 1 || a > 5 || b < 0 || b > 9 || c < 0 || c > 9) return 0
  return a * 100 + b * 10 + c
}
