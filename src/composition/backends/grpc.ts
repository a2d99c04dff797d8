import type { DescMessage, DescMethod, DescService, MessageInitShape, MessageShape } from '@bufbuild/protobuf'
import type { Call } from '../calls/call.ts'
import { codeNumber, type GrpcCode } from '../grpc/codes.ts'
import { metadataFields, type Metadata, type MetadataInit } from '../grpc/metadata.ts'
import { ALWAYS_RELAYED, type Backend, type BackendSettings, type Contract } from './backend.ts'
import { resilienceOf } from './resilience.ts'
import type { CallStream } from './streamed-call.ts'

/** Where a service is, and what holds for each call of it. */
export interface GrpcSettings<S extends DescService> extends Pick<
  BackendSettings,
  'timeoutMs' | 'relay' | 'attemptTimeoutMs' | 'breaker' | 'bulkhead'
> {
  /** `h2c://shop:50051` (or `http:`) for HTTP/2 as it is, `https://shop.example.com` for TLS. */
  readonly url: string
  /** Metadata of each call. */
  readonly metadata?: MetadataInit
  /** What is repeated: methods that the contract says to be without effect or idempotent, those of `idempotent`, and calls that say so. Left out: nothing. */
  readonly retry?: {
    /** At most so many beyond the first. */
    readonly attempts: number
    /** The share of requests that may be retries, 0 to 1: 0.2 where it is left out. */
    readonly budget?: number
    /** Codes that are worth it, beside failures of the network: `unavailable` where it is left out. */
    readonly codes?: readonly GrpcCode[]
  }
  /** Methods that may be repeated, where the contract does not say so (`idempotency_level`). */
  readonly idempotent?: readonly MethodNames<S>[]
  /** Messages from a kibibyte on are sent compressed. Answers may always be. */
  readonly compression?: 'gzip'
  /** How long a message of an answer may be: 4 MiB where it is left out. */
  readonly limitBytes?: number
}

type MethodNames<S extends DescService> = keyof S['method'] & string

/** What may be said of one call. */
export interface GrpcOptions {
  readonly metadata?: MetadataInit
  /** Less than that of the backend; of a stream the whole of it. */
  readonly timeoutMs?: number
  /** It may be repeated, whatever its method is. */
  readonly idempotent?: boolean
  /** Called with what the backend says before its first message. */
  readonly onHead?: (metadata: Metadata) => void
  /** Called with what it says behind its last one. */
  readonly onTrailers?: (metadata: Metadata) => void
}

/** What is sent message by message, as fast as the backend takes it. */
export type Sent<T> = AsyncIterable<T> | Iterable<T>

type Input<M> = M extends { readonly input: infer I extends DescMessage } ? MessageInitShape<I> : never
type Output<M> = M extends { readonly output: infer O extends DescMessage } ? MessageShape<O> : never

/** How a method is called. */
export type GrpcMethod<M> = M extends { readonly methodKind: 'unary' }
  ? (request: Input<M>, options?: GrpcOptions) => Call<Output<M>>
  : M extends { readonly methodKind: 'server_streaming' }
    ? (request: Input<M>, options?: GrpcOptions) => CallStream<Output<M>>
    : M extends { readonly methodKind: 'client_streaming' }
      ? (requests: Sent<Input<M>>, options?: GrpcOptions) => Call<Output<M>>
      : (requests: Sent<Input<M>>, options?: GrpcOptions) => CallStream<Output<M>>

/** A client of a service: `c.shop.getBook({ name: 'tiers/gold' })`. */
export type GrpcClient<S extends DescService> = {
  readonly [K in MethodNames<S>]: GrpcMethod<S['method'][K]>
}

export interface GrpcContract<S extends DescService> extends Contract {
  readonly client: GrpcClient<S>
  readonly calls: MethodNames<S>
  readonly paths: never
  readonly service: S
}

/**
 * A backend that speaks gRPC, its calls typed by the service that `portcullis composition gen` (or protoc-gen-es) makes
 * of its .proto files. A call brings its message; a code other than OK fails it, with `answer.grpc`.
 *
 * @example
 * import { Shop } from './.portcullis/shop_pb.ts'
 * const shop = grpc(Shop, { url: 'h2c://shop:50051', timeoutMs: 500 })
 * const book = await c.shop.getBook({ name: 'tiers/gold' })
 */
export function grpc<S extends DescService>(service: S, settings: GrpcSettings<S>): Backend<GrpcContract<S>> {
  const { retry, relay = [], idempotent = [] } = settings
  const url = new URL(settings.url)
  if (
    !['http:', 'h2c:', 'https:'].includes(url.protocol) ||
    url.search !== '' ||
    url.hash !== '' ||
    url.username !== ''
  )
    throw new TypeError(
      `the url ${JSON.stringify(settings.url)} of a backend: expected h2c://, http:// or https:// without query and user`,
    )
  for (const name of idempotent)
    if (!Object.hasOwn(service.method, name)) throw new TypeError(`${service.typeName} has no method ${name}`)
  return {
    protocol: 'grpc',
    url,
    timeoutMs: settings.timeoutMs ?? 10_000,
    deadlineHeader: null,
    relay: [...ALWAYS_RELAYED, ...relay.map(name => name.toLowerCase())],
    headers: metadataFields(settings.metadata ?? {}),
    retry:
      retry === undefined
        ? null
        : {
            attempts: retry.attempts,
            budget: retry.budget ?? 0.2,
            statuses: [502, 503, 504],
            grpcCodes: (retry.codes ?? ['unavailable']).map(codeNumber),
          },
    limitBytes: settings.limitBytes ?? 4 * 1024 * 1024,
    resilience: resilienceOf(settings),
    grpc: { service, gzip: settings.compression === 'gzip', idempotent: repeatable(service, idempotent) },
  }
}

/** Of google.protobuf.MethodOptions: NO_SIDE_EFFECTS and IDEMPOTENT. */
function repeatable(service: DescService, named: readonly string[]): ReadonlySet<string> {
  const said = service.methods.filter(({ idempotency }: DescMethod) => idempotency !== 0)
  return new Set([...named, ...said.map(({ localName }) => localName)])
}
