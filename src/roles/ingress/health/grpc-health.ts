import type { Fields } from '../../../http/fields.ts'

/** HealthCheckResponse.ServingStatus (grpc.health.v1). */
const statuses = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN']
const SERVING = 1
/** A length-prefixed message: its flag, and four bytes of length. */
const PREFIX = 5
/** Field 1 of HealthCheckRequest, a string. */
const SERVICE = 0x0a
/** Field 1 of HealthCheckResponse, a varint. */
const STATUS = 0x08

/** The body of grpc.health.v1.Health/Check: HealthCheckRequest { service }. At most 256 characters. */
export function askedService(service: string): Buffer {
  const name = Buffer.from(service)
  const message =
    service === '' ? Buffer.alloc(0) : Buffer.concat([Buffer.of(SERVICE), varint(name.length), name])
  const prefix = Buffer.alloc(PREFIX)
  prefix.writeUInt32BE(message.length, 1)
  return Buffer.concat([prefix, message])
}

/** "" where the answer says SERVING, otherwise what it says. */
export function verdictOfGrpc(head: Fields, trailers: Fields | null, body: Buffer): string {
  const code = trailers?.get('grpc-status') ?? head.get('grpc-status')
  if (code === undefined) return 'an answer without grpc-status'
  if (code !== '0') return `grpc-status ${code}`
  const status = servingStatus(body)
  return status === SERVING ? '' : (statuses[status] ?? `status ${status} of no known meaning`)
}

/** Left out, it is 0 (UNKNOWN), as proto3 has it. */
function servingStatus(body: Buffer): number {
  const message = body.subarray(PREFIX)
  return message[0] === STATUS ? (message[1] ?? 0) : 0
}

function varint(value: number): Buffer {
  return value < 0x80 ? Buffer.of(value) : Buffer.of((value & 0x7f) | 0x80, value >> 7)
}
