import type { Fault, StubOptions } from './stub-options.ts'

/** What a stub that is a WebSocket is given: the other end of what the route has. */
export interface Accepted<S> {
  readonly socket: S
  /** Path and query as they would have gone on the wire. */
  readonly target: string
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** By the clock of the test. */
  pause(ms: number): Promise<void>
}

/** The stubs of a backend of WebSockets. */
export interface SocketStubs<S> {
  /**
   * Who stands at the other end of each connection to the path; it is closed when this has returned.
   *
   * @example
   * t.ticks.accept('/ticks', async ({ socket }) => {
   *   for await (const { subscribe } of socket) await socket.send({ symbol: subscribe, price: 3 })
   * })
   */
  accept(path: `/${string}`, serve: (x: Accepted<S>) => Promise<void> | void, options?: StubOptions): void
  fail(call: `GET /${string}`, fault: Fault): void
}
