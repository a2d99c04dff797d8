import type { Rejection } from '../../http/failures.ts'
import { trailersOnly } from '../../http/grpc/answer.ts'
import { grpcFormat } from '../../http/grpc/content-type.ts'
import { failureStatus, httpStatus } from '../../http/grpc/status.ts'
import type { ResponseHead } from '../../http/head.ts'
import { localHead } from '../../http/local.ts'
import { reasons } from '../../http/reasons.ts'
import type { LocalResponse } from '../../filters/filter.ts'
import type { Answered } from '../runtime.ts'

/**
 * An answer of ours, an error, as a gRPC client wants it: status 200, and what
 * it is in the fields of the head. Null where the request is no gRPC call.
 */
export function grpcAnswer(x: Answered, answer: LocalResponse, message: string): ResponseHead | null {
  const format = grpcFormat(x.request.fields.get('content-type'))
  // RFC 9110 §15.5.20: who shares connections among hosts, as browsers do, asks again on one of its own.
  if (format === null || answer.status === 421) return null
  const status = x.failure === null ? httpStatus(answer.status) : failureStatus(x.failure, x.failureDetail)
  const text = message === '' ? (reasons[answer.status] ?? 'Refused') : message
  const fields = trailersOnly(format, status, `${text} (exchange ${x.id})`)
  for (let i = 0; i < answer.fields.length; i += 2)
    if (!/^content-/i.test(answer.fields[i]!)) fields.push(answer.fields[i]!, answer.fields[i + 1]!)
  x.callStatus = status
  return { ...localHead(200, fields, 0), hasLength: false }
}

/** What is answered to a head that the codec refused. */
export interface GrpcRefusal {
  /** For the log. */
  readonly status: number
  head(exchangeId: string): ResponseHead
}

/** The same for a head that the codec has refused, of which only the type is known; null where it is no gRPC call. */
export function grpcRefusal(rejection: Rejection, contentType: string | undefined): GrpcRefusal | null {
  const format = grpcFormat(contentType)
  if (format === null) return null
  const status = httpStatus(rejection.status)
  return {
    status,
    head: id => {
      const fields = trailersOnly(format, status, `${rejection.detail} (exchange ${id})`)
      return { ...localHead(200, fields, 0), hasLength: false }
    },
  }
}
