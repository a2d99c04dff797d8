import type { FailureName } from '../../http/failures.ts'
import { trailersOnly } from '../../http/grpc/answer.ts'
import { grpcFormat } from '../../http/grpc/content-type.ts'
import { failureStatus, httpStatus } from '../../http/grpc/status.ts'
import type { RequestHead, ResponseHead } from '../../http/head.ts'
import { localHead } from '../../http/local.ts'
import { reasons } from '../../http/reasons.ts'
import type { LocalResponse } from '../../filters/filter.ts'

/** What is known of the exchange that is answered. */
interface Answered {
  readonly id: string
  readonly request: RequestHead
  readonly failure: FailureName | null
  readonly failureDetail: string
  grpcStatus: number
}

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
  x.grpcStatus = status
  return { ...localHead(200, fields, 0), hasLength: false }
}
