import type { DescService } from '@bufbuild/protobuf'
import type { FailureName } from '../../http/failures.ts'
import type { Backend, Backends, Contract } from '../backends/backend.ts'
import type { OperationCalled, Operations, PathsWith, ResultOf } from '../backends/contract.ts'
import { CallFailure } from '../calls/failure.ts'
import type { GrpcStubs } from './grpc-stubs.ts'
import type { SocketStubs } from './socket-stubs.ts'
import type { Fault, StubOptions } from './stub-options.ts'
import { sourceReply, type Source, type SourceOptions } from './stub-events.ts'
import { reply, type Reply, type StubRequest, type StubTransport } from './stub-transport.ts'

type Stubbed<T> = T | Reply | ((request: StubRequest) => T | Reply | Promise<T | Reply>)

/** The stubs of a backend, typed by its contract. */
export interface RestStubs<P> {
  stub<N extends Operations<P>>(
    call: N,
    answer: Stubbed<ResultOf<OperationCalled<P, N>>>,
    options?: StubOptions,
  ): void
  fail(call: Operations<P>, fault: Fault): void
  /** What `events` of this path brings: see `HttpStubs`. */
  events(path: PathsWith<P, 'get'>, source: Source, options?: StubOptions & SourceOptions): void
}

/** Not `unknown`, of which a function would be one, whose argument then had no type. */
type Json =
  | string
  | number
  | boolean
  | null
  | readonly unknown[]
  | { readonly [name: string]: unknown }
  | Uint8Array

/** The stubs of a backend that has no contract. */
export interface HttpStubs {
  stub(call: `${string} /${string}`, answer: Stubbed<Json>, options?: StubOptions): void
  fail(call: `${string} /${string}`, fault: Fault): void
  /**
   * What `events` of this path brings: a list, or a generator for each subscription.
   *
   * @example
   * t.feed.events('/prices/{symbol}', async function* ({ path, pause }) {
   *   yield item({ symbol: path['symbol'], price: 3 }, { id: '1' })
   *   await pause(1_000)
   *   yield item({ symbol: path['symbol'], price: 4 }, { id: '2' })
   * })
   */
  events(path: `/${string}`, source: Source, options?: StubOptions & SourceOptions): void
}

type StubsOf<B extends Backend> =
  B extends Backend<infer C extends Contract>
    ? C extends { readonly service: infer S extends DescService }
      ? GrpcStubs<S>
      : C extends { readonly other: infer O }
        ? SocketStubs<O>
        : [C['paths']] extends [never]
          ? HttpStubs
          : RestStubs<C['paths']>
    : never

/** What a test has for each backend, by its name. */
export type AllStubs<B extends Backends> = { readonly [N in keyof B]: StubsOf<B[N]> }

/** Throws where the contract has another answer to the call. */
export type Check = (call: string, given: unknown) => void

export function stubsFor(backend: string, transport: StubTransport, check: Check | null): HttpStubs {
  return {
    stub(call, answer, { afterMs = 0, times = Infinity } = {}) {
      const answered =
        typeof answer === 'function' ? (answer as (request: StubRequest) => unknown) : () => answer
      const checked = async (request: StubRequest) => {
        const given = await answered(request)
        if (check !== null) transport.hold(() => check(call, given))
        return given
      }
      transport.add({
        call: `${backend} ${call}`,
        afterMs,
        left: times,
        answer: check === null ? answered : checked,
      })
    },
    events(path, source, { afterMs = 0, times = Infinity, everyMs } = {}) {
      transport.add({
        call: `${backend} GET ${path}`,
        afterMs,
        left: times,
        answer: request => sourceReply(source, request, transport.clock, everyMs),
      })
    },
    fail(call, fault) {
      const { times = Infinity } = fault
      transport.add({
        call: `${backend} ${call}`,
        afterMs: delayOf(fault),
        left: times,
        answer: () => failed(backend, call, fault),
      })
    },
  }
}

const isSilent = ({ status, reset, refused }: Fault): boolean =>
  status === undefined && reset !== true && refused !== true

const delayOf = (fault: Fault): number => (isSilent(fault) ? Infinity : (fault.afterMs ?? 0))

function failed(backend: string, call: string, { status, body, headers, refused }: Fault): Reply {
  if (status !== undefined) return reply(status, body, headers)
  const failure: FailureName = refused === true ? 'connection_refused' : 'connection_terminated'
  throw new CallFailure(failure, `${backend} ${call}`, 'by the test')
}
