import type { Static, TObject, TSchema } from 'typebox'
import type { Backends, CallNames, Clients } from '../backends/backend.ts'
import type { CallFailureName } from '../calls/failure.ts'
import type { GrpcCode } from '../grpc/codes.ts'
import type { Answer } from './answer.ts'
import type { ParamsIn, Template } from './template.ts'

/** What of a request is checked before the route runs, and typed by that. Text of paths and queries becomes the numbers and booleans that it is to be. */
export interface In {
  readonly params?: TObject
  readonly query?: TObject
  /** Fields by their names in lower case. Judged as the numbers and booleans that they name; they stay text. */
  readonly headers?: TObject
  /** JSON. Without it a body is not read. */
  readonly body?: TSchema
}

type Of<I extends In, K extends keyof In, Else> = I[K] extends TSchema ? Static<I[K]> : Else

type HeadersOf<I extends In> = Asked['headers'] &
  (I['headers'] extends TObject ? { readonly [N in keyof Static<I['headers']>]: string } : unknown)

/** What filters know of a request. */
export interface Asked {
  readonly method: string
  /** The path as it was asked for, without query. */
  readonly path: string
  /** The template of the route. */
  readonly route: string
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly params: Readonly<Record<string, unknown>>
  readonly query: Readonly<Record<string, unknown>>
  readonly body: unknown
  /** Aborted when the request is over: the client has gone, or it is late. For what is no call of `c`. */
  readonly signal: AbortSignal
  /** What is left of its time. */
  leftMs(): number
}

/** What a route runs with. */
export interface RouteContext<B extends Backends, P extends string, I extends In> extends Asked {
  /** The clients of the backends. */
  readonly c: Clients<B>
  /** By their names in lower case, as text; those that `in.headers` wants are there. */
  readonly headers: HeadersOf<I>
  readonly params: Of<I, 'params', ParamsIn<P>>
  readonly query: Of<I, 'query', Readonly<Record<string, never>>>
  readonly body: Of<I, 'body', undefined>
}

/** Before a route runs, when its request has been checked: may answer in its place, or throw a Problem. */
export type Before = (asked: Asked) => void | Answer<unknown> | Promise<void | Answer<unknown>>

/** After a route has run, before its answer is checked and written: may give another one. */
export type After = (
  given: Answer<unknown>,
  asked: Asked,
) => void | Answer<unknown> | Promise<void | Answer<unknown>>

/** What a failure is answered with; the first rule that fits counts, the route's before the gateway's. */
export interface FailureRule<Name extends string = string> {
  readonly backend?: Name
  /** That the backend answered with: one, or a class. */
  readonly status?: number | '4xx' | '5xx'
  /** The code that a backend of gRPC answered with. */
  readonly grpc?: GrpcCode
  readonly failure?: CallFailureName
  readonly answer: {
    readonly status: number
    readonly title?: string
    readonly type?: string
    readonly detail?: string
  }
}

/**
 * How it is said that an answer is partial: in the field `X-Portcullis-Partial`, in a member of the answer (an array of
 * names), or by 502 in place of the answer.
 */
export type PartialReport = 'header' | 'refuse' | { readonly member: string }

/** What a route of any kind says. */
export interface CommonOptions<B extends Backends, I extends In> {
  /** What is checked of the request. */
  readonly in?: I
  readonly summary?: string
  readonly description?: string
  readonly operationId?: string
  readonly tags?: readonly string[]
  /** Less, or more, than the gateway says; Infinity for none. */
  readonly timeoutMs?: number
  readonly failures?: readonly FailureRule<keyof B & string>[]
  readonly before?: readonly Before[]
  /** Of what streams they see the head: an answer whose body is null. */
  readonly after?: readonly After[]
  /** The calls that it makes, for the manifest: where they are declared, others are refused. */
  readonly calls?: readonly CallNames<B>[]
}

/** What the engine knows of a route of any kind. */
export interface BaseRoute {
  /** Upper case; `*` takes all that no other route of the path takes. */
  readonly method: string
  readonly path: string
  /** Where `path` is no template of OpenAPI: what it takes. */
  readonly template?: Template
  readonly options: CommonOptions<Backends, In>
}
