import type { DescFile } from '@bufbuild/protobuf'
import { httpStatus, readStatus } from '../../http/grpc/status.ts'
import { CallFailure } from '../calls/failure.ts'
import type { BackendAnswer } from '../transport/transport.ts'
import { codeHttpStatus, codeName, type GrpcCode, type GrpcDetail } from './codes.ts'
import { Metadata } from './metadata.ts'

const DETAILS = 'grpc-status-details-bin'

type Fields = Readonly<Record<string, string>>

/** Of an answer that is a status alone (Trailers-Only) and OK: so servers say that a stream has nothing. */
export const isEmptyStream = (headers: Fields): boolean => headers['grpc-status'] === '0'

/** Throws what an answer says that has no messages but needs some: it is no gRPC, or a status alone. */
export async function checkHead(
  answer: BackendAnswer,
  call: string,
  file: DescFile,
  streams = false,
): Promise<void> {
  const { status, headers } = answer
  const said = headers['grpc-status']
  if (
    status === 200 &&
    said === undefined &&
    /^application\/grpc(?:\+proto|;|$)/i.test(headers['content-type'] ?? '')
  )
    return
  answer.body.cancel()
  if (said !== undefined) {
    await checkStatus(headers, headers, call, file)
    if (streams) return
  } else if (status !== 200)
    throw failed(call, headers, codeName(httpStatus(status)), `HTTP status ${status}`, [], status)
  throw new CallFailure(
    'backend_response_invalid',
    call,
    said === undefined ? 'it is no gRPC' : 'it has no message',
  )
}

/** Throws where the status at the end of a call is not OK, or there is none. */
export async function checkStatus(
  trailers: Fields,
  headers: Fields,
  call: string,
  file: DescFile,
): Promise<void> {
  const said = trailers['grpc-status']
  if (said === undefined) throw new CallFailure('backend_response_invalid', call, 'it has no grpc-status')
  if (said === '0') return
  const code = codeName(readStatus(said))
  throw failed(call, { ...headers, ...trailers }, code, messageOf(trailers), await detailsOf(trailers, file))
}

function failed(
  call: string,
  fields: Fields,
  code: GrpcCode,
  message: string,
  details: readonly GrpcDetail[],
  status = codeHttpStatus(code),
): CallFailure {
  const headers = withRetryAfter(fields, details)
  return new CallFailure('backend_status', call, message === '' ? code : `${code}: ${message}`, {
    answer: { status, headers, body: undefined, grpc: { code, message, details } },
  })
}

/** Percent-decoded; what is broken stays as it is (doc/PROTOCOL-HTTP2.md: Status-Message). */
const messageOf = (trailers: Fields): string =>
  (trailers['grpc-message'] ?? '').replace(/(?:%[\dA-Fa-f]{2})+/g, bytes =>
    Buffer.from(bytes.replaceAll('%', ''), 'hex').toString('utf8'),
  )

/** Loaded with the first: most calls that fail have none. */
async function detailsOf(trailers: Fields, file: DescFile): Promise<readonly GrpcDetail[]> {
  const [bytes] = new Metadata(trailers).bytes(DETAILS)
  if (bytes === undefined) return []
  const { readDetails } = await import('./details.ts')
  return readDetails(bytes, file)
}

/** What google.rpc.RetryInfo says, as a client of HTTP is told it. */
function withRetryAfter(fields: Fields, details: readonly GrpcDetail[]): Fields {
  const info = details.find(({ type }) => type === 'google.rpc.RetryInfo')?.value as
    | { readonly retryDelay?: string }
    | null
    | undefined
  const seconds = Number.parseFloat(info?.retryDelay ?? '')
  if (Number.isNaN(seconds) || fields['retry-after'] !== undefined) return fields
  return { ...fields, 'retry-after': String(Math.max(0, Math.ceil(seconds))) }
}
