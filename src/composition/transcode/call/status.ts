import {
  create,
  createRegistry,
  fromBinary,
  toBinary,
  toJson,
  type JsonValue,
  type Registry,
} from '@bufbuild/protobuf'
import { anyPack, type Any } from '@bufbuild/protobuf/wkt'
import { isFailureName } from '../../../http/failures.ts'
import { failureStatus } from '../../../http/grpc/status.ts'
import { CallFailure } from '../../calls/failure.ts'
import { rpcTypes } from '../../grpc/details.ts'
import { badRequestSchema, statusSchema, type StatusMessage } from '../google/rpc.ts'
import { BadRequest } from '../rest/violations.ts'
import { codeHttpStatus, codeName } from '../../grpc/codes.ts'
import { CANCELLED, DEADLINE_EXCEEDED, INTERNAL, INVALID_ARGUMENT, OK, UNKNOWN } from './codes.ts'

/** How a call ended: `google.rpc.Status`. */
export interface Status {
  /** 0 to 16. */
  readonly code: number
  readonly message: string
  readonly details: readonly Any[]
}

export const okStatus: Status = { code: OK, message: '', details: [] }

export const statusOf = (code: number, message: string): Status => ({ code, message, details: [] })

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
  return statusOf(isFailureName(failure) ? failureStatus(failure, '') : UNKNOWN, failure)
}

const violated = ({ violations }: BadRequest): Any =>
  anyPack(
    badRequestSchema(),
    create(badRequestSchema(), { fieldViolations: violations.map(one => ({ ...one })) } as Record<
      string,
      unknown
    >),
  )

/** Of the fields at the end of a call: `grpc-status`, `grpc-message`, `grpc-status-details-bin` (whose code and message count, as all clients have it). */
export function statusOfTrailers(trailers: Readonly<Record<string, string>>): Status {
  const text = trailers['grpc-status']
  if (text === undefined) return statusOf(INTERNAL, 'the backend ended its answer without a status')
  const code = /^\d{1,2}$/.test(text) && Number(text) <= 16 ? Number(text) : UNKNOWN
  const message = percentDecoded(trailers['grpc-message'] ?? '')
  return { code, message, details: code === OK ? [] : detailsOf(trailers['grpc-status-details-bin']) }
}

/** What cannot be read is left out: the code stands beside it. */
function detailsOf(field: string | undefined): readonly Any[] {
  if (field === undefined) return []
  try {
    return (fromBinary(statusSchema(), Buffer.from(field, 'base64')) as StatusMessage).details
  } catch {
    return []
  }
}

/** What is no escape stands for itself (doc/PROTOCOL-HTTP2.md: "when decoding invalid values, implementations MUST NOT error"). */
function percentDecoded(text: string): string {
  if (!text.includes('%')) return text
  const bytes = text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

/** For `grpc-status-details-bin`; empty where there is nothing that the other fields do not say. */
export function detailsField({ code, message, details }: Status): string {
  if (details.length === 0) return ''
  const bytes = toBinary(
    statusSchema(),
    create(statusSchema(), { code, message, details: [...details] } as Record<string, unknown>),
  )
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '')
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
    const desc = this.registry.getMessage(typeNameOf(any))
    if (desc === undefined) return undefined
    try {
      const value = toJson(desc, fromBinary(desc, any.value), { registry: this.registry }) as JsonValue
      return typeof value === 'object' && value !== null && !Array.isArray(value)
        ? { '@type': any.typeUrl, ...value }
        : { '@type': any.typeUrl, value }
    } catch {
      return undefined
    }
  }
}

/** `google.rpc.ErrorInfo` of `type.googleapis.com/google.rpc.ErrorInfo`. */
export const typeNameOf = ({ typeUrl }: Any): string => typeUrl.slice(typeUrl.lastIndexOf('/') + 1)

export const httpStatusOf = ({ code }: Status): number => codeHttpStatus(codeName(code))
