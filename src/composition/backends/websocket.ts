import type { TSchema } from 'typebox'
import type { Call } from '../calls/call.ts'
import type { Slow } from '../streams/bounded-queue.ts'
import type { SocketLimits } from '../streams/frame-socket.ts'
import type { MessageOf, Socket } from '../streams/socket.ts'
import { declared, type Backend, type BackendSettings, type Contract } from './backend.ts'
import type { HttpOptions } from './http-client.ts'

export interface WebSocketSettings<R extends TSchema | undefined, S extends TSchema | undefined> extends Omit<
  BackendSettings,
  'retry' | 'limitBytes' | 'deadlineHeader'
> {
  /** What the backend sends: JSON that fits; else receiving fails. Without it text and bytes as they are. */
  readonly receives?: R
  /** What it is sent. */
  readonly sends?: S
  readonly limits?: SocketLimits
  /** What may wait for a backend that takes too little. */
  readonly slow?: Slow<MessageOf<S>>
}

export interface ConnectOptions extends Omit<HttpOptions, 'body' | 'idempotencyKey'> {
  /** Subprotocols that are offered, best first. */
  readonly protocols?: readonly string[]
}

/** A client of a backend of WebSockets: `const socket = await c.ticks.connect('/ticks')`. */
export interface WebSocketClient<In, Out> {
  /** Open when it settles, for as long as the request goes on. Fails as calls do; it is never repeated. */
  connect(path: string, options?: ConnectOptions): Call<Socket<In, Out>>
}

export interface WebSocketContract<In, Out> extends Contract {
  readonly client: WebSocketClient<In, Out>
  readonly calls: `GET /${string}`
  readonly paths: never
  /** Of stubs, which stand at the other end. */
  readonly other: Socket<Out, In>
}

/**
 * A backend that is spoken to by WebSocket, its messages typed by schemas.
 *
 * @example
 * const ticks = websocket({ url: 'ws://ticks:9000', receives: Tick, sends: T.Object({ subscribe: T.String() }) })
 */
export function websocket<
  R extends TSchema | undefined = undefined,
  S extends TSchema | undefined = undefined,
>(settings: WebSocketSettings<R, S>): Backend<WebSocketContract<MessageOf<R>, MessageOf<S>>> {
  const { receives, sends, limits = {}, slow = {}, ...rest } = settings
  const backend = declared('websocket', rest, 'ws')
  return { ...backend, socket: { receives, sends, limits, slow: slow as never } }
}
