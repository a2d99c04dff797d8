import type { Fields } from '../../../http/fields.ts'
import type { IncomingResponse, OutgoingRequest } from '../../kit.ts'
import { unavailable, type Decision } from '../decision.ts'
import { decisionOf } from './check-response.ts'

const PREFIX_BYTES = 5
/** grpc-timeout has eight digits at most. */
const MOST_TIMEOUT_MS = 99_999_999

/** What goes on with a call as it would with a request: by which it is found in logs and traces, and a circle is seen. */
const relayed = ['x-request-id', 'traceparent', 'tracestate', 'via']

/** A call of envoy.service.auth.v3.Authorization/Check. */
export function callOf(
  authority: string,
  { fields }: { readonly fields: Fields },
  message: Buffer,
  timeoutMs: number,
): OutgoingRequest {
  const time = Math.min(Math.max(Math.ceil(timeoutMs), 1), MOST_TIMEOUT_MS)
  const metadata = relayed.flatMap(name => {
    const value = fields.combined(name)
    return value === undefined ? [] : [name, value]
  })
  return {
    method: 'POST',
    target: '/envoy.service.auth.v3.Authorization/Check',
    authority,
    fields: ['content-type', 'application/grpc', 'grpc-timeout', `${time}m`, ...metadata],
    body: framed(message),
    trailers: true,
  }
}

function framed(message: Buffer): Buffer {
  const prefix = Buffer.alloc(PREFIX_BYTES)
  prefix.writeUInt32BE(message.length, 1)
  return Buffer.concat([prefix, message])
}

/** What came back: one message and status 0, or it is no decision. */
export function readReply({ status, fields, body, trailers }: IncomingResponse): Decision {
  if (status !== 200) return unavailable(`status_${status}`)
  if (fields.get('content-type')?.startsWith('application/grpc') !== true) return unavailable('no gRPC')
  const ended = (trailers ?? fields).get('grpc-status') ?? fields.get('grpc-status') ?? 'none'
  if (ended !== '0') return unavailable(`grpc_status_${ended}`)
  const whole = body.length >= PREFIX_BYTES && body.length === PREFIX_BYTES + body.readUInt32BE(1)
  // It was not told that messages may be compressed.
  if (!whole || body[0] !== 0) return unavailable('malformed gRPC message')
  return decisionOf(body.subarray(PREFIX_BYTES))
}
