import { Fields } from '../../http/fields.ts'
import { CHUNKED, NO_BODY, type ResponseHead } from '../../http/head.ts'
import { ownedFields } from '../../http/owned-fields.ts'

/** Of the head of an answer. */
export interface HeadLimits {
  readonly fieldBytes: number
  readonly headBytes: number
  readonly fieldCount: number
}

/**
 * The head of an answer of a thread, to a request of this method; null where it is larger than it may be. `lengthBytes`
 * is -1 where the length is not known.
 */
export function answerHead(
  method: string,
  status: number,
  list: readonly string[],
  lengthBytes: number,
  limits: HeadLimits,
): ResponseHead | null {
  const describes = method === 'HEAD' || status === 304
  const fields = fieldsOf(list, limits, describes)
  if (fields === null) return null
  const bodiless = describes || status === 204
  return {
    status,
    reason: '',
    version: 11,
    fields,
    length: bodiless ? NO_BODY : lengthBytes < 0 ? CHUNKED : lengthBytes,
    hasLength: !bodiless && lengthBytes >= 0,
    keepAlive: true,
    upgrade: '',
    trailer: '',
  }
}

/** Without those of the connection. Where there is no body Content-Length says something of another answer, and stays (RFC 9110 §8.6). */
export function fieldsOf(list: readonly string[], limits: HeadLimits, describes: boolean): Fields | null {
  if (list.length > 2 * limits.fieldCount) return null
  const kept: string[] = []
  let bytes = 0
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i]!
    const value = list[i + 1]!
    const length = name.length + value.length + 4
    bytes += length
    if (length > limits.fieldBytes || bytes > limits.headBytes) return null
    const lower = name.toLowerCase()
    if (!ownedFields.has(lower) || (describes && lower === 'content-length')) kept.push(name, value)
  }
  return new Fields(kept)
}
