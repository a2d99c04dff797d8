/**
 * The status codes of gRPC (https://github.com/grpc/grpc/blob/master/doc/statuscodes.md) by their numbers, and the HTTP
 * status that google.rpc.Code gives each: that of an answer to who did not ask by gRPC.
 */
const table = [
  ['ok', 200],
  ['cancelled', 499],
  ['unknown', 500],
  ['invalid_argument', 400],
  ['deadline_exceeded', 504],
  ['not_found', 404],
  ['already_exists', 409],
  ['permission_denied', 403],
  ['resource_exhausted', 429],
  ['failed_precondition', 400],
  ['aborted', 409],
  ['out_of_range', 400],
  ['unimplemented', 501],
  ['internal', 500],
  ['unavailable', 503],
  ['data_loss', 500],
  ['unauthenticated', 401],
] as const

/** `not_found` and so on. */
export type GrpcCode = (typeof table)[number][0]

/** The name of a number; what is none is `unknown`, as clients take it. */
export const codeName = (number: number): GrpcCode => (table[number] ?? table[2])[0]

const numbers: Readonly<Record<string, number>> = Object.fromEntries(table.map(([name], i) => [name, i]))

export const codeNumber = (code: GrpcCode): number => numbers[code]!

const statuses: Readonly<Record<string, number>> = Object.fromEntries(table)

/** The HTTP status that stands for a code. */
export const codeHttpStatus = (code: GrpcCode): number => statuses[code]!

/** What a call of gRPC that failed was answered. */
export interface GrpcStatus {
  readonly code: GrpcCode
  readonly message: string
  /** google.rpc.Status' details, where it has some. */
  readonly details: readonly GrpcDetail[]
}

export interface GrpcDetail {
  /** `google.rpc.BadRequest` */
  readonly type: string
  /** As JSON of protobuf has it; null where the type is neither standard nor of the service's files. */
  readonly value: unknown
  readonly bytes: Uint8Array
}
