import type { Rejection } from '../http/failures.ts'
import type { SharedStreams } from '../http/h2/shared-streams.ts'
import type { CoarseClock } from './clock.ts'
import type { Remote } from './remote.ts'
import type { PortRuntime } from './runtime.ts'

/** What a connection needs of the port that accepted it. */
export interface ServingPort {
  /** Of the snapshot in force; it changes with a reload. */
  readonly runtime: PortRuntime
  readonly scheme: 'http' | 'https'
  readonly clock: CoarseClock
  readonly localPort: number
  readonly draining: boolean
  /** Whether the client was let in by an authority that is trusted no more; then it is draining too. */
  readonly revoked: boolean
  /** Of this worker's HTTP/2 connections. */
  readonly shared: SharedStreams
  /** Writes a head down that the codec refused; the exchange id is what it can be found by. `grpcStatus` is its answer to a gRPC call. */
  rejected(rejection: Rejection, remote: Remote, grpcStatus?: number): string
  /** The connection was ended because of what the client did on it; `fault` is the rule's name. */
  faulted(fault: string, remote: Remote): void
}

/** What an engine asks of its ports, whatever comes to them. */
export interface EnginePort {
  readonly key: string
  /** What is really listened on, where the snapshot says 0. */
  readonly localPort: number
  /** Bytes that wait because clients are slow. */
  readonly bufferedBytes: number
  /** Rejects where the port cannot be had; `reusePort` where other workers have it too. */
  listen(reusePort: boolean): Promise<void>
  /** What begins from now on meets this runtime. */
  swap(runtime: PortRuntime): void
  /** What begins from now on is another snapshot's, in which nothing of this port differs. */
  observe(observer: PortRuntime['observer']): void
  /** The worker's ticket keys are others now. */
  keysRotated(): void
  sweep(nowMs: number): void
  /** Resolves when nothing is left; `gently` where others serve the same port. */
  drain(gently?: boolean): Promise<void>
  /** Ends what is left. */
  destroy(): void
}

/** Who has been silent for this long when a port takes its leave is not about to ask for anything. */
export const LEAVE_MS = 1_000

/** What a port asks of its connections, whatever they speak. */
export interface ServedConnection {
  /** Bytes that wait because the client is slow. */
  readonly bufferedBytes: number
  /** No request of it is under way: who needs its place may have it. */
  readonly idle: boolean
  /** Nothing new is begun; the connection closes now if nothing is under way, else after it (drain). */
  closeIfIdle(): void
  /** The same without a request lost that is on its way: the client is told as soon as its protocol lets us. */
  takeLeave(): void
  /** The same where its listener has gone, or trusts other clients. */
  closeIfUnwanted(): void
  /** Ends the connection at once. */
  destroy(): void
  /** Called about once a second: enforces what has a time limit of seconds, without a timer per request. */
  sweep(nowMs: number): void
}
