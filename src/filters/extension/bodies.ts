import { bodyFields, isBodiless } from '../../http/body-fields.ts'
import { CHUNKED, NO_BODY, type RequestHead, type ResponseHead } from '../../http/head.ts'
import type { Transformed } from '../body.ts'
import type { Exchange, WholeVerdict } from '../filter.ts'

/** This goes on in place of the body of a request, which is all here; its length is told. */
export function inPlaceOf(request: RequestHead, body: Buffer): Transformed {
  // An empty one is a body still: NO_BODY would leave the one that was there on its way.
  request.length = body.length === 0 ? CHUNKED : body.length
  request.hasLength = body.length > 0
  return {
    transform: next => ({
      write: () => {},
      flush: () => true,
      end(trailers) {
        if (body.length > 0) next.write(body)
        next.end(trailers)
      },
      resume: () => next.resume(),
      destroy: () => {},
    }),
  }
}

/** A body passes through this, and how long it becomes nobody knows. */
export function bodyThrough(
  head: RequestHead | ResponseHead,
  transform: Transformed['transform'],
): Transformed {
  head.length = CHUNKED
  head.hasLength = false
  return { transform }
}

/** Takes away what was said of bytes in whose place others are, or would be for GET; whether it is of those alone. */
export function unsaid({ response, asked }: Exchange): boolean {
  const { status, fields } = response
  const isOfGet = asked.method === 'HEAD' || status === 304
  // 204 and 205 are of what was done, and say nothing of bytes that came.
  if (isOfGet || !isBodiless(status)) for (const name of bodyFields) fields.remove(name)
  if (!isOfGet) return false
  // How long it would be for GET nobody knows.
  fields.remove('content-length')
  response.length = NO_BODY
  response.hasLength = false
  return true
}

/** The filter's body in place of what came, where there can be one. */
export function bodyInstead(x: Exchange, body: Buffer): WholeVerdict {
  if (unsaid(x)) return undefined
  const { status, fields } = x.response
  const left = isBodiless(status) ? NOTHING : body
  if (hasBody(x)) return left
  return left.length === 0 ? undefined : { status, fields: [...fields.list], body: left }
}

export const NOTHING = Buffer.alloc(0)

/** One follows, also of who may not have it by its status. */
export function hasBody({ response: { status, length }, asked }: Exchange): boolean {
  return (status === 205 || !isBodiless(status)) && length !== NO_BODY && asked.method !== 'HEAD'
}
