import type { DescMethod } from '@bufbuild/protobuf'
import { INTERNAL, INVALID_ARGUMENT, RESOURCE_EXHAUSTED, UNIMPLEMENTED } from '../../http/grpc/status.ts'
import type { Holding } from '../calls/holding.ts'
import {
  checkEncoding,
  messageEnvelope,
  messagesOf,
  type EnvelopeFault,
  type Reading,
} from '../grpc/envelopes.ts'
import type { Metadata } from './call/metadata.ts'
import type { MethodAnswer } from './call/method-answer.ts'
import { failedStatus, statusOf, StatusError, statusOfError, type Status } from './call/status.ts'
import { fromProto, toProto, type Codec } from './codec.ts'
import type { Inbound, Incoming, Surface, Written } from './inbound.ts'
import { asTaken, nothing } from './request-stream.ts'

/** Chooses what of a backend's fields passes. */
export type Choose = (fields: Metadata) => Record<string, string>

/** A method that is called by its path, in one of the protocols that do. */
export abstract class RpcCall implements Inbound {
  readonly method: DescMethod
  readonly template: string | null = null
  abstract readonly system: 'grpc' | 'connect_rpc'
  protected readonly incoming: Incoming
  protected readonly surface: Surface
  protected readonly codec: Codec

  constructor(method: DescMethod, codec: Codec, incoming: Incoming, surface: Surface) {
    this.method = method
    this.codec = codec
    this.incoming = incoming
    this.surface = surface
  }

  abstract readonly timeoutMs: number | null
  abstract messages(): Promise<Uint8Array | AsyncIterable<Uint8Array>>
  abstract answer(given: MethodAnswer, choose: Choose): Promise<Written>
  abstract failed(status: Status, error: StatusError | null): Written

  /** Of the request. */
  protected get fields(): Metadata {
    return this.incoming.request.headers
  }

  /** A message of the client, for the backend. */
  protected taken(bytes: Uint8Array): Uint8Array {
    return toProto(this.codec, this.method.input, bytes, this.surface)
  }

  /** A message of the backend, for the client. */
  protected given(message: Uint8Array): Uint8Array {
    return fromProto(this.codec, this.method.output, message, this.surface)
  }

  protected reading(encoding: string | undefined): Reading {
    const { holding } = this.incoming.scope.request
    return requestReading(encoding, this.surface.limitBytes, holding)
  }
}

/** One whose messages are in envelopes, both ways. */
export abstract class EnvelopedCall extends RpcCall {
  /** Those of a body, of which those that are compressed are so by `encoding`. */
  protected async asked(
    body: AsyncIterable<Uint8Array> | null,
    encoding: string | undefined,
  ): Promise<Uint8Array | AsyncIterable<Uint8Array>> {
    const reading = this.reading(encoding)
    checkEncoding(reading)
    return await asTaken(this.method, this.read(body ?? nothing, reading))
  }

  private async *read(body: AsyncIterable<Uint8Array>, reading: Reading): AsyncGenerator<Uint8Array> {
    for await (const bytes of messagesOf(body, reading)) yield this.taken(bytes)
  }

  /** What the backend answers, and what `end` makes of its status behind that. */
  protected async *written(
    given: MethodAnswer,
    gzip: boolean,
    end: (status: Status) => Uint8Array | null,
  ): AsyncGenerator<Uint8Array> {
    let wrong: Status | null = null
    try {
      for await (const message of given.messages()) yield await messageEnvelope(this.given(message), gzip)
    } catch (error) {
      wrong = statusOfError(error) ?? failedStatus
    }
    const last = end(wrong ?? given.status!)
    if (last !== null) yield last
  }
}

const codes: Readonly<Record<EnvelopeFault, number>> = {
  too_long: RESOURCE_EXHAUSTED,
  cut_short: INVALID_ARGUMENT,
  flags: INVALID_ARGUMENT,
  encoding: UNIMPLEMENTED,
  // doc/compression.md of gRPC.
  unsaid_encoding: INTERNAL,
  broken: INVALID_ARGUMENT,
}

/** Of a client's request: what is wrong with it is a StatusError. */
const requestReading = (encoding: string | undefined, limitBytes: number, holding: Holding): Reading => ({
  limitBytes,
  holding,
  encoding: encoding ?? 'identity',
  wrong: (fault, message, cause) =>
    new StatusError(statusOf(codes[fault], message), { http: fault === 'too_long' ? 413 : null, cause }),
})
