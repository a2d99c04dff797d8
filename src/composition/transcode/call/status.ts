import { createRegistry, type JsonValue, type Registry } from '@bufbuild/protobuf'
import type { Any } from '@bufbuild/protobuf/wkt'
import { isFailureName } from '../../../http/failures.ts'
import {
  CANCELLED,
  DEADLINE_EXCEEDED,
  failureStatus,
  INTERNAL,
  INVALID_ARGUMENT,
  OK,
  UNKNOWN,
} from '../../../http/grpc/status.ts'
import { CallFailure } from '../../calls/failure.ts'
import { codeHttpStatus, codeName } from '../../grpc/codes.ts'
import { detailJson, detailsOf, packedDetail, rpcTypes, statusBytes } from '../../grpc/details.ts'
import { endingOf, retryAfter, type Ending } from '../../grpc/status.ts'
import { BadRequest } from '../rest/violations.ts'

/** How a call ended: `google.rpc.Status`. */
export interface Status {
  /** 0 to 16. */
  readonly code: number
  readonly message: string
  readonly details: readonly Any[]
}

export const okStatus: Status = { code: OK, message: '', details: [] }

export const statusOf = (code: number, message: string): Status => ({ code, message, details: [] })

/** Of what is a mistake of our own, of which clients are told nothing. */
export const failedStatus = statusOf(INTERNAL, 'the composition failed')

/** A request or call that ends with a status: thrown where it is found out. */
export class StatusError extends Error {
  override readonly name = 'StatusError'
  readonly status: Status
  /** Of HTTP, by names in lower case, where that says more (`allow`). */
  readonly headers: Readonly<Record<string, string>>
  /** Where HTTP has a status of its own for it (405, 413, 415). */
  readonly http: number | null

  constructor(status: Status, { headers = {}, http = null, cause }: ErrorMore = {}) {
    super(status.message, { cause })
    this.status = status
    this.headers = headers
    this.http = http
  }
}

interface ErrorMore {
  readonly headers?: Readonly<Record<string, string>>
  readonly http?: number | null
  readonly cause?: unknown
}

/** What a failure is to a client of gRPC; null for a mistake of our own, of which clients are told nothing. */
export function statusOfError(error: unknown): Status | null {
  if (error instanceof StatusError) return error.status
  if (error instanceof BadRequest)
    return { code: INVALID_ARGUMENT, message: error.message, details: [violated(error)] }
  if (!(error instanceof CallFailure)) return null
  const { failure } = error
  if (failure === 'deadline_exceeded' || failure === 'http_response_timeout')
    return statusOf(DEADLINE_EXCEEDED, 'the backend did not answer in time')
  if (failure === 'cancelled' || failure === 'client_gone')
    return statusOf(CANCELLED, 'the request was cancelled')
  if (failure === 'backend_response_invalid')
    return statusOf(INTERNAL, 'the answer of the backend cannot be read')
  return statusOf(isFailureName(failure) ? failureStatus(failure, '') : UNKNOWN, failure)
}

const violated = ({ violations }: BadRequest): Any =>
  packedDetail('google.rpc.BadRequest', { fieldViolations: violations.map(one => ({ ...one })) })

/** Of the fields at the end of a call. */
export function statusOfTrailers(trailers: Readonly<Record<string, string>>): Status {
  const ending = endingOf(trailers)
  return ending === null
    ? statusOf(INTERNAL, 'the backend ended its answer without a status')
    : statusOfEnding(ending)
}

export const statusOfEnding = ({ code, message, details }: Ending): Status => ({
  code,
  message,
  details: code === OK ? [] : detailsOf(details),
})

/** For `grpc-status-details-bin`; empty where there is nothing that the other fields do not say. */
export function detailsField({ code, message, details }: Status): string {
  if (details.length === 0) return ''
  return Buffer.from(statusBytes(code, message, details))
    .toString('base64')
    .replace(/=+$/, '')
}

/** Reads details: those of google.rpc, and those that a backend has of its own. */
export class StatusWriter {
  private readonly registry: Registry

  constructor(registry: Registry) {
    this.registry = createRegistry(rpcTypes(), registry)
  }

  /** `google.rpc.Status` as JSON. */
  json({ code, message, details }: Status): Readonly<Record<string, JsonValue>> {
    return { code, message, details: details.map(one => this.detail(one)) }
  }

  /** One of a type that nobody knows has its bytes, in the member that JSON has for what is no object. */
  private detail(any: Any): JsonValue {
    return this.known(any) ?? { '@type': any.typeUrl, value: Buffer.from(any.value).toString('base64') }
  }

  /** Without its type, which Connect says beside it. */
  debug(any: Any): JsonValue | undefined {
    const known = this.known(any)
    if (typeof known !== 'object' || known === null || Array.isArray(known)) return undefined
    const { '@type': _, ...members } = known
    return members
  }

  private known(any: Any): JsonValue | undefined {
    const value = detailJson(any, this.registry)
    if (value === undefined) return undefined
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? { '@type': any.typeUrl, ...value }
      : { '@type': any.typeUrl, value }
  }
}

export const httpStatusOf = ({ code }: Status): number => codeHttpStatus(codeName(code))

/** What google.rpc.RetryInfo among the details says, as a client of HTTP is told it (RFC 9110 §10.2.3); none where it says nothing. */
export function retryAfterOf({ details }: Status): Readonly<Record<string, string>> {
  const info = details.find(({ typeUrl }) => typeUrl.endsWith('/google.rpc.RetryInfo'))
  if (info === undefined) return {}
  const said = detailJson(info, createRegistry(rpcTypes())) as { readonly retryDelay?: string } | undefined
  return retryAfter(said?.retryDelay)
}
