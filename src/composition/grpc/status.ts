import type { DescFile } from '@bufbuild/protobuf'
import { httpStatus, OK, readStatus } from '../../http/grpc/status.ts'
import { CallFailure } from '../calls/failure.ts'
import type { BackendAnswer } from '../transport/transport.ts'
import { codeHttpStatus, codeName, type GrpcDetail } from './codes.ts'
import { Metadata } from './metadata.ts'

const DETAILS = 'grpc-status-details-bin'
const GRPC = /^application\/grpc(?:\+proto)?\s*(?:;|$)/i

type Fields = Readonly<Record<string, string>>

/** How a call ended, as fields say. */
export interface Ending {
  readonly code: number
  readonly message: string
  /** Bytes of a google.rpc.Status. */
  readonly details: Uint8Array | null
  /** The status of HTTP, of an answer that says nothing else. */
  readonly http: number | null
}

/** What the fields at the end of a call say (its head's, of a status alone); null where they say nothing. */
export function endingOf(fields: Fields): Ending | null {
  const said = fields['grpc-status']
  if (said === undefined) return null
  const [details = null] = fields[DETAILS] === undefined ? [] : new Metadata(fields).bytes(DETAILS)
  return { code: readStatus(said), message: messageOf(fields), details, http: null }
}

/** What the head of an answer is: that of messages, a status that is all there is (Trailers-Only, or one of HTTP), or no gRPC. */
export function headOf({ status, headers }: BackendAnswer): 'messages' | Ending | 'no gRPC' {
  const ending = endingOf(headers)
  if (ending !== null) return ending
  if (status !== 200)
    return { code: httpStatus(status), message: `HTTP status ${status}`, details: null, http: status }
  return GRPC.test(headers['content-type'] ?? '') ? 'messages' : 'no gRPC'
}

/** Percent-decoded; what is broken stays as it is (doc/PROTOCOL-HTTP2.md: "implementations MUST NOT error"). */
const messageOf = (fields: Fields): string =>
  fields['grpc-message']?.replace(/(?:%[\dA-Fa-f]{2})+/g, bytes =>
    Buffer.from(bytes.replaceAll('%', ''), 'hex').toString('utf8'),
  ) ?? ''

/** Of an answer that is a status alone and OK: so servers say that a stream has nothing. */
export const isEmptyStream = (headers: Fields): boolean => headers['grpc-status'] === '0'

/** Throws what an answer says that has no messages but needs some: it is no gRPC, or a status alone. */
export async function checkHead(
  answer: BackendAnswer,
  call: string,
  file: DescFile,
  streams = false,
): Promise<void> {
  const head = headOf(answer)
  if (head === 'messages') return
  answer.body.cancel()
  if (head === 'no gRPC') throw new CallFailure('backend_response_invalid', call, 'it is no gRPC')
  if (head.code !== OK) throw await failed(call, answer.headers, head, file)
  if (!streams) throw new CallFailure('backend_response_invalid', call, 'it has no message')
}

/** Throws where the status at the end of a call is not OK, or there is none. */
export async function checkStatus(
  trailers: Fields,
  headers: Fields,
  call: string,
  file: DescFile,
): Promise<void> {
  const ending = endingOf(trailers)
  if (ending === null) throw new CallFailure('backend_response_invalid', call, 'it has no grpc-status')
  if (ending.code !== OK) throw await failed(call, { ...headers, ...trailers }, ending, file)
}

async function failed(call: string, fields: Fields, ending: Ending, file: DescFile): Promise<CallFailure> {
  const { message, details: bytes, http } = ending
  const code = codeName(ending.code)
  const details = bytes === null ? [] : await detailsOf(bytes, file)
  const headers = withRetryAfter(fields, details)
  const answer = { status: http ?? codeHttpStatus(code), headers, body: undefined }
  return new CallFailure('backend_status', call, message === '' ? code : `${code}: ${message}`, {
    answer: { ...answer, grpc: { code, message, details } },
  })
}

/** Loaded with the first: most calls that fail have none. */
async function detailsOf(bytes: Uint8Array, file: DescFile): Promise<readonly GrpcDetail[]> {
  const { readDetails } = await import('./details.ts')
  return readDetails(bytes, file)
}

/** What google.rpc.RetryInfo says, as a client of HTTP is told it. */
export function retryAfter(retryDelay: string | undefined): Fields {
  const seconds = Number.parseFloat(retryDelay ?? '')
  return Number.isNaN(seconds) ? {} : { 'retry-after': String(Math.max(0, Math.ceil(seconds))) }
}

function withRetryAfter(fields: Fields, details: readonly GrpcDetail[]): Fields {
  const info = details.find(({ type }) => type === 'google.rpc.RetryInfo')?.value as
    | { readonly retryDelay?: string }
    | null
    | undefined
  return { ...retryAfter(info?.retryDelay), ...fields }
}
