import type { Static, TSchema } from 'typebox'
import { CallFailure } from '../calls/failure.ts'
import type { Checked, Fault } from '../schemas/checked.ts'
import { SlowClient } from './bounded-queue.ts'
import type { Closed, FrameSocket } from './frame-socket.ts'

/** A message of a side: JSON by its schema; text or bytes as they are where it has none. */
export type MessageOf<S> = S extends TSchema ? Static<S> : string | Uint8Array

/** A WebSocket with messages of these types, as a route has one of its client (`In` comes, `Out` goes) and of backends. */
export interface Socket<In, Out> extends AsyncIterable<In> {
  /** Settles when there is room for more. Throws a SocketClosed where it is closed. */
  send(message: Out): Promise<void>
  /** The next message; undefined where the other side has closed. */
  receive(): Promise<In | undefined>
  /** 1000 where it says nothing. What has been sent still goes out. */
  close(code?: number, reason?: string): void
  readonly closed: Promise<Closed>
  /** The subprotocol that was agreed on, empty where none was. */
  readonly protocol: string
}

/** Nothing can be sent any more. */
export class SocketClosed extends Error {
  override readonly name = 'SocketClosed'
  readonly code: number

  constructor({ code, reason }: Closed) {
    super(`the WebSocket is closed with ${code}${reason === '' ? '' : ` (${reason})`}`)
    this.code = code
  }
}

/** How messages of a side are read and written: JSON by a schema, or as they are. */
export interface SocketSchemas {
  readonly receives: Checked | null
  readonly sends: Checked | null
}

export interface TypedSocketOptions extends SocketSchemas {
  readonly protocol: string
  /** What came does not fit. The answer is thrown where it is received. */
  readonly misfit: (faults: readonly Fault[], socket: FrameSocket) => Error
  /** What was to be sent does not fit. */
  readonly mistake: (faults: readonly Fault[]) => Error
  /** That it was closed with this is a failure of who receives; null: that was the end. */
  readonly failure: (closed: Closed) => Error | null
}

export class TypedSocket implements Socket<unknown, unknown> {
  readonly protocol: string
  readonly closed: Promise<Closed>
  private readonly socket: FrameSocket
  private readonly options: TypedSocketOptions

  constructor(socket: FrameSocket, options: TypedSocketOptions) {
    this.socket = socket
    this.options = options
    this.protocol = options.protocol
    this.closed = socket.closed
  }

  async send(message: unknown): Promise<void> {
    const { sends, mistake } = this.options
    let text = message as string | Uint8Array
    if (sends !== null) {
      const { value, faults } = sends.allow(message)
      if (faults.length > 0) throw mistake(faults)
      text = JSON.stringify(value)
    }
    if (await this.socket.send(text, { data: message })) return
    throw this.socket.isSlow ? new SlowClient() : new SocketClosed(await this.socket.closed)
  }

  async receive(): Promise<unknown> {
    const { receives, misfit, failure } = this.options
    const message = await this.socket.receive()
    if (message === null) {
      const error = failure(await this.socket.closed)
      if (error !== null) throw error
      return undefined
    }
    if (receives === null) return message
    const { value, faults } = taken(receives, message)
    if (faults.length > 0) throw misfit(faults, this.socket)
    return value
  }

  close(code?: number, reason?: string): void {
    this.socket.close(code, reason)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<unknown> {
    for (;;) {
      const message = await this.receive()
      if (message === undefined) return
      yield message
    }
  }
}

function taken(
  schema: Checked,
  message: string | Uint8Array,
): { readonly value: unknown; readonly faults: readonly Fault[] } {
  try {
    return schema.take(JSON.parse(typeof message === 'string' ? message : ''))
  } catch {
    return { value: undefined, faults: [{ at: 'message', message: 'is no JSON' }] }
  }
}

/**
 * Passes messages of two sockets on to each other until either closes, then closes the other with the same code. Each is
 * read as fast as the other takes. Maps may change a message, or leave it out by undefined.
 *
 * @example
 * const backend = await c.ticks.connect('/ticks')
 * await relay(socket, backend, { toClient: tick => ({ price: tick.p }) })
 */
export async function relay<In, Out, BackendIn, BackendOut>(
  client: Socket<In, Out>,
  backend: Socket<BackendIn, BackendOut>,
  maps: {
    readonly toBackend?: (message: In) => BackendOut | undefined
    readonly toClient?: (message: BackendIn) => Out | undefined
  } = {},
): Promise<void> {
  await Promise.all([
    passed(client, backend, maps.toBackend as (message: In) => BackendOut | undefined),
    passed(backend, client, maps.toClient as (message: BackendIn) => Out | undefined),
  ])
}

async function passed<A, B>(
  from: Socket<A, unknown>,
  to: Socket<unknown, B>,
  map?: (message: A) => B | undefined,
): Promise<void> {
  try {
    for await (const message of from) {
      const changed = map === undefined ? (message as unknown as B) : map(message)
      if (changed !== undefined) await to.send(changed)
    }
  } catch (error) {
    // That it was closed, with whatever code, is passed on.
    const isClosed = error instanceof CallFailure && error.failure === 'connection_terminated'
    if (!(error instanceof SocketClosed) && !isClosed) {
      to.close(1011, 'the other side failed')
      throw error
    }
  }
  const { code, reason } = await from.closed
  // 1005 and 1006 are for what was not said, and are never sent (RFC 6455 §7.4.1).
  to.close(code === 1005 ? 1000 : code === 1006 ? 1001 : code, reason)
}
