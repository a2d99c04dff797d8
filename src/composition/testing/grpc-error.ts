import type { GrpcCode } from '../grpc/codes.ts'

/** A detail by its JSON, such as of `google.rpc.BadRequest`. */
export interface StubDetail {
  readonly type: string
  readonly value: unknown
}

/** What a stub of gRPC throws to end a call with a code. */
export class GrpcError extends Error {
  override readonly name = 'GrpcError'
  readonly code: GrpcCode
  readonly details: readonly StubDetail[]

  constructor(code: GrpcCode, message: string, details: readonly StubDetail[]) {
    super(message)
    this.code = code
    this.details = details
  }
}

/** `t.shop.stub('getBook', () => { throw grpcError('not_found', 'no such book') })`, also behind some messages of a stream. */
export const grpcError = (code: GrpcCode, message = '', details: readonly StubDetail[] = []): GrpcError =>
  new GrpcError(code, message, details)
