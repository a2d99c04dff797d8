import type { GrpcFormat } from './content-type.ts'

/**
 * The fields of a response that is nothing but a status: Trailers-Only
 * (doc/PROTOCOL-HTTP2.md), the same in gRPC-Web; name, value, name, value …
 * `message` is any text.
 */
export function trailersOnly(format: Exclude<GrpcFormat, null>, status: number, message: string): string[] {
  const type = format === 'grpc' ? 'application/grpc' : `application/grpc-${format}`
  return ['Content-Type', type, ...statusFields(status, message)]
}

/** The same at the end of a response whose head has been sent. */
export function statusFields(status: number, message: string): string[] {
  return ['grpc-status', String(status), 'grpc-message', percentEncode(message)]
}

/** Percent-Encoded: UTF-8, and of that everything but printable ASCII, and "%". */
export function percentEncode(message: string): string {
  return message.replace(/[^ -$&-~]+/gu, text =>
    Buffer.from(text).reduce(
      (encoded, byte) => `${encoded}%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
      '',
    ),
  )
}
