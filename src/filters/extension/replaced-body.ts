import { CHUNKED, type RequestHead } from '../../http/head.ts'
import type { Transformed } from '../body.ts'

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
