import { grpcFormat, withFormat } from '../../http/grpc/content-type.ts'
import { CHUNKED, NO_BODY, type RequestHead } from '../../http/head.ts'

import type { Entering } from '../run.ts'
import { TextBody } from './text-body.ts'
import { GrpcWebDownstream } from './web-downstream.ts'

/** gRPC-Web becomes gRPC for everyone behind us, filters included. */
export function enterWeb(x: Entering): void {
  const web = readWeb(x.request)
  if (web === null) return
  x.downstream = new GrpcWebDownstream(x.downstream, web.answer)
  if (web.text && x.request.length !== NO_BODY)
    x.transformRequest(next => new TextBody(next, rejection => x.onRejection(rejection)))
}

/** What the client of a gRPC-Web request sends and wants: base64, or bytes. */
interface WebCall {
  readonly text: boolean
  readonly answer: 'web' | 'web-text'
}

/**
 * Makes a gRPC-Web request (doc/PROTOCOL-WEB.md) one of gRPC, in place; null
 * where it is none. The answer has the format that Accept names first, or else
 * that of the request.
 */
function readWeb(request: RequestHead): WebCall | null {
  const { fields } = request
  const type = fields.get('content-type')
  const format = grpcFormat(type)
  if (type === undefined || format === null || format === 'grpc') return null
  const accepted = grpcFormat(fields.get('accept'))
  fields.set('Content-Type', withFormat(type, 'grpc'))
  request.acceptsTrailers = true
  // Base64 is longer than what it stands for, and gRPC has no use for a length.
  if (request.length !== NO_BODY) request.length = CHUNKED
  request.hasLength = false
  const answer = accepted === 'web' || accepted === 'web-text' ? accepted : format
  return { text: format === 'web-text', answer }
}
