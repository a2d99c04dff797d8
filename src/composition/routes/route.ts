import type { Static, TSchema } from 'typebox'
import type { Backends } from '../backends/backend.ts'
import type { Answer } from './answer.ts'
import type { BaseRoute, CommonOptions, In, PartialReport, RouteContext } from './common.ts'
import type { FilterRoute } from './filter.ts'
import type { AddProxy, ProxyRoute } from './proxy.ts'
import type { AddStream, StreamRoute } from './stream.ts'
import type { AddTranscode, TranscodedRoute } from './transcode.ts'
import type { AddWebSocket, WebSocketRoute } from './websocket.ts'

export type {
  After,
  Asked,
  BaseRoute,
  Before,
  CommonOptions,
  FailureRule,
  In,
  PartialReport,
  RouteContext,
} from './common.ts'

export interface RouteOptions<
  B extends Backends,
  P extends string,
  I extends In,
  O extends TSchema,
> extends CommonOptions<B, I> {
  /** The answer: what is not in it is left out, what does not fit it is an error, and the OpenAPI document has it. */
  readonly out: O
  /** Of an answer that says nothing else: 200. */
  readonly status?: number
  readonly partial?: PartialReport
  /** The answer. What is thrown is answered as an error: a Problem as it says, a CallFailure by the rules, else 500. */
  run(x: RouteContext<B, P, I>): Result<Static<O>> | Promise<Result<Static<O>>>
}

type Result<T> = T | Answer<T>

/** A route whose answer is a value: `r.get` and its like. */
export interface ComposedRoute extends BaseRoute {
  readonly kind: 'composed'
  readonly options: RouteOptions<Backends, string, In, TSchema>
}

/** A route as the engine has it. What answers each kind is in `src/composition/engine/kinds.ts`. */
export type Route = ComposedRoute | StreamRoute | WebSocketRoute | ProxyRoute | TranscodedRoute | FilterRoute

export type AddRoute<B extends Backends> = <
  const P extends string,
  O extends TSchema,
  I extends In = Record<never, never>,
>(
  path: P,
  options: RouteOptions<B, P, I, O>,
) => Route

/** What `routes` is given: a method for each method of HTTP, and one for each other kind of route. */
export interface Routes<B extends Backends> {
  readonly get: AddRoute<B>
  readonly post: AddRoute<B>
  readonly put: AddRoute<B>
  readonly patch: AddRoute<B>
  readonly delete: AddRoute<B>
  /**
   * An answer that goes on. Clients have it as events (SSE), lines of JSON (NDJSON), an array, or a WebSocket.
   *
   * @example
   * r.stream('/prices/{symbol}', {
   *   out: Price,
   *   async *run({ c, params, lastEventId }) {
   *     yield* c.feed.events('/prices/{symbol}', { path: params, item: Price, lastEventId })
   *   },
   * })
   */
  readonly stream: AddStream<B>
  /**
   * A WebSocket: messages both ways for as long as `run` goes on.
   *
   * @example
   * r.websocket('/ticks/{symbol}', {
   *   sends: Tick,
   *   async run({ socket, c, params }) {
   *     const backend = await c.ticks.connect('/ticks', { query: { symbol: params.symbol } })
   *     await relay(socket, backend)
   *   },
   * })
   */
  readonly websocket: AddWebSocket<B>
  /**
   * Requests of any method pass to a backend as they are, and answers back; WebSockets too. Routes beside it come first.
   *
   * @example
   * r.proxy('/legacy/{rest=**}', 'legacy', { rewrite: '/v1/{rest=**}' })
   */
  readonly proxy: AddProxy<B>
  /**
   * The methods of a backend of gRPC as REST, by their annotations `google.api.http`, and by Connect, gRPC-Web and gRPC.
   * Routes of one's own for the same paths come before it. Throws a TypeError that names the method whose rule is wrong.
   *
   * @example
   * r.transcode('shop', { descriptors: registryOfSet(readFileSync('shop.pb')) })
   */
  readonly transcode: AddTranscode<B>
}
