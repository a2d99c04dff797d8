import type { DescMethod, JsonReadOptions, JsonWriteOptions } from '@bufbuild/protobuf'
import type { Scope } from '../calls/scope.ts'
import type { AnswerContent, GatewayRequest } from '../engine/messages.ts'
import { wholeBody } from '../engine/request-body.ts'
import type { Metadata } from './call/metadata.ts'
import type { MethodAnswer } from './call/method-answer.ts'
import type { Status, StatusError, StatusWriter } from './call/status.ts'
import type { MessageTexts } from './json/message-texts.ts'

/** What every protocol needs to speak for a backend. */
export interface Surface {
  readonly status: StatusWriter
  readonly readJson: Partial<JsonReadOptions>
  readonly writeJson: Partial<JsonWriteOptions>
  /** Writes by `writeJson`. */
  readonly texts: MessageTexts
  /** How long a message of a client may be. */
  readonly limitBytes: number
}

/** A request with the scope in which it is read. */
export interface Incoming {
  readonly request: GatewayRequest
  /** Without `?`. */
  readonly search: string
  readonly scope: Scope
}

export interface Written {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: AnswerContent
}

/** One, or several as they come. */
export type Messages = Uint8Array | AsyncIterable<Uint8Array>

/** A request of a method in the protocol that its client speaks: read into messages of the method, and answered in that protocol. */
export interface Inbound {
  readonly method: DescMethod
  /** Of its rule (`/v1/books/{name}`); null where its path is the method's. */
  readonly template: string | null
  /** As `rpc.system` of OpenTelemetry has it; null of REST. */
  readonly system: 'grpc' | 'connect_rpc' | null
  /** What the client gives the call; null where it says nothing. */
  readonly timeoutMs: number | null
  /** Throws a BadRequest or StatusError where the request makes none. */
  messages(): Messages | Promise<Messages>
  /** `metadata` chooses what of the backend's fields passes. */
  answer(
    given: MethodAnswer,
    metadata: (fields: Metadata) => Record<string, string>,
  ): Written | Promise<Written>
  failed(status: Status, error: StatusError | null): Written
}

/** The body of a request of one message. */
export const contentOf = async ({ request, scope }: Incoming, limitBytes: number): Promise<Uint8Array> =>
  request.body === null ? new Uint8Array() : await wholeBody(request.body, limitBytes, scope)

/** `application/json; charset=utf-8` is `application/json`. */
export const mediaType = (field: string | undefined): string =>
  (field ?? '').split(';', 1)[0]!.trim().toLowerCase()
