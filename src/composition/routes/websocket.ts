import type { TSchema } from 'typebox'
import type { Backends } from '../backends/backend.ts'
import type { Slow } from '../streams/bounded-queue.ts'
import type { SocketLimits } from '../streams/frame-socket.ts'
import type { MessageOf, Socket } from '../streams/socket.ts'
import type { BaseRoute, CommonOptions, In, RouteContext } from './common.ts'

export interface SocketContext<B extends Backends, P extends string, I extends In, R, S> extends RouteContext<
  B,
  P,
  I
> {
  /** That of the client: it closes with 1000 when `run` has returned, and with 1011 where that fails. */
  readonly socket: Socket<MessageOf<R>, MessageOf<S>>
}

export interface WebSocketOptions<
  B extends Backends,
  P extends string,
  I extends In,
  R extends TSchema | undefined,
  S extends TSchema | undefined,
> extends CommonOptions<B, I> {
  /** What clients send: one that sends anything else is closed with 1008, or 1007 where it is no JSON. */
  readonly receives?: R
  /** What clients are sent, as allow list: what does not fit closes with 1011. */
  readonly sends?: S
  /** Subprotocols that may be spoken, best first; a client that offers none of them is answered 400. */
  readonly protocols?: readonly string[]
  readonly limits?: SocketLimits
  /** What may wait for a client that takes too little, and what becomes of it then. */
  readonly slow?: Slow<MessageOf<S>>
  /** From the handshake on. `timeoutMs` of the route is for what is before it: `before` may refuse with a Problem. */
  run(x: SocketContext<B, P, I, R, S>): Promise<void> | void
}

/** A route that is a WebSocket. */
export interface WebSocketRoute extends BaseRoute {
  readonly kind: 'websocket'
  readonly options: WebSocketOptions<Backends, string, In, TSchema | undefined, TSchema | undefined>
}

export type AddWebSocket<B extends Backends> = <
  const P extends string,
  I extends In = Record<never, never>,
  R extends TSchema | undefined = undefined,
  S extends TSchema | undefined = undefined,
>(
  path: P,
  options: WebSocketOptions<B, P, I, R, S>,
) => WebSocketRoute
