import type { SpanHome } from '../telemetry/spans/span-settings.ts'
import type { Source } from '../upstream/proxy-header.ts'
import type { Transformed } from '../filters/body.ts'
import type { FilterSteps } from '../filters/compile.ts'
import type { LocalResponse } from '../filters/filter.ts'
import type { Notes } from '../filters/notes.ts'
import type { FailureName, Rejection } from '../http/failures.ts'
import type { Fields } from '../http/fields.ts'
import type { RequestHead, ResponseHead } from '../http/head.ts'
import { backendDefaults } from '../model/defaults.ts'
import type { ClusterMetrics } from '../telemetry/instruments.ts'
import type { Story } from '../telemetry/recent/story.ts'
import type { RequestBody } from './body.ts'
import type { Downstream } from './downstream.ts'
import type { ExchangeSpan } from './exchange-spans.ts'
import type { Paced } from './pace.ts'

/** What stands at the end of a rule's filters: compiled once, begins a run for each exchange. */
export interface CompiledAction {
  /** Called as soon as the rule is found, before its filters: time that counts from the request's head begins here. */
  begin(x: RunHost): Run
}

/**
 * What answers one exchange. Whoever that is (a backend, a cache, several calls
 * laid together), the exchange gives it the request's bytes and both sides'
 * backpressure, and takes its answer by RunHost.
 */
export interface Run {
  /** The request has passed the filters of its rule: where it is sent to is known from now on, and `steps`, which it meets next. */
  choose(): void
  /** The request has passed all filters, and is what it will be. */
  start(): void
  /** A piece of the request's body, also before `start`. It belongs to the run from here on; where it is too much, the client is paused (RunHost.pauseRequest). */
  requestData(chunk: Buffer, start: number, end: number): void
  requestEnd(trailers: Fields | null): void
  /** End of what came in one go. */
  requestFlush(): void
  /** Stops and restarts the flow of the answer, once it has begun. */
  pause(): void
  resume(): void
  /** The exchange is over, or answered in another way: nothing may be sent to it any more. */
  cancel(): void
  /** Filters of where it sends to: the request meets them after those of the rule, the answer before; null where there are none. */
  readonly steps: FilterSteps | null
  /** Bytes are passed as they are, both ways. */
  readonly tunnel: boolean
  /** Both sides may have nothing to say for a while, as in a gRPC call. */
  readonly conversation: boolean
  /** As performance.now() tells time; Infinity where the whole has no limit. */
  readonly deadlineMs: number
  /** How long nothing may move. */
  readonly silenceMs: number
  /** What an answer that cannot be completed ends with, or null: it is broken off. */
  lastWords(failure: FailureName, detail: string): Fields | null
  /** Sweeps are to look at its client, because others wait for what it holds. */
  readonly watched: boolean
  look(client: Paced, nowMs: number): void
  /** For log and metrics: where it has sent to, and how that went. */
  readonly metrics: ClusterMetrics | null
  readonly cluster: { readonly name: string } | null
  readonly endpoint: { readonly key: string } | null
  readonly attempts: number
  /** When the last attempt was sent, as performance.now() tells time; 0 where none was. */
  readonly sentMs: number
  /** From sending the request to the head of the answer; below 0 where there is none. */
  readonly upstreamMs: number
}

/** An exchange as its run sees it. */
export interface RunHost {
  readonly request: RequestHead
  readonly body: RequestBody
  /** After trusted hops. */
  readonly clientAddress: string
  /** Who asks, as authentication has found; null where nobody is known. */
  readonly principal: string | null
  /** Whose share it counts as, where there is not enough for all. */
  readonly share: string
  readonly localPort: number
  /** Whose connection it has come by, for a backend that is told; absent or null for what no client has asked for. */
  readonly source?: Source | null
  readonly startedMs: number
  /** When who asks wants no answer any more, as performance.now() tells time; Infinity where that is not known. */
  readonly untilMs: number
  /** Whether it may be repeated that a backend may have acted on it, where who asks says so; absent: its method says it. */
  readonly repeatable?: boolean
  /** Whether its answer may go on without end: no time of a rule or cluster is for all of it, that of an attempt for its head. Absent: no. */
  readonly streams?: boolean
  /** The downstream is in the middle of a read and will flush at its end. */
  readonly turn: boolean
  readonly committed: boolean
  readonly failure: FailureName | null
  /** Null where nobody wants spans. */
  readonly span: ExchangeSpan | null
  /** Where those go that are made elsewhere for it; absent: where those go of whom nobody says it. */
  readonly spanHome?: SpanHome | undefined
  /** Where to write what there is to tell of it beyond the usual. */
  tell(): Story
  /** What filters tell each other, and the log. */
  readonly notes: Notes
  /** The same; null where that is nothing. */
  readonly writtenNotes: Notes | null
  /** What the answer is, once it is committed. */
  readonly response: ResponseHead
  /** How the call that is carried ended, by the numbers of its own protocol (gRPC's); below 0 as long as that is not known. */
  callStatus: number
  /** Answers `Expect: 100-continue`, if that is still waited for. */
  continue(): void
  informational(head: ResponseHead): void
  /** Of a run whose `tunnel` is true it is a 101, and what follows is no HTTP. */
  sendHead(head: ResponseHead): void
  /** A `lent` chunk stays as it is until the flush, and beyond that as long as `clear` is false. */
  sendData(chunk: Buffer, start: number, end: number, lent: boolean): void
  sendEnd(trailers: Fields | null): void
  /** This direction of the tunnel is over. */
  endTunnel(): void
  /** False when the client is slow: wait for Run.resume. */
  flush(): boolean
  /** Nothing that was lent is needed any more. */
  readonly clear: boolean
  /** Stops and restarts the flow of the request's body. */
  pauseRequest(): void
  resumeRequest(): void
  /** A whole answer that is made here. */
  respond(answer: LocalResponse): void
  fail(failure: FailureName, detail: string): void
  onRejection(rejection: Rejection): void
  finish(): void
}

/** An exchange whose rule is found: what may be put around it, where its requests come in another form than the one that everybody behind knows. */
export interface Entering {
  readonly request: RequestHead
  downstream: Downstream
  transformRequest(make: Transformed['transform']): void
  onRejection(rejection: Rejection): void
}

/** A run that sends nothing anywhere: the base of those that answer by themselves. What it does not want of the request waits. */
export abstract class LocalRun implements Run {
  readonly steps: FilterSteps | null = null
  readonly tunnel: boolean = false
  readonly conversation: boolean = false
  readonly deadlineMs: number = Infinity
  readonly silenceMs: number = backendDefaults.silenceMs
  readonly watched: boolean = false
  metrics: Run['metrics'] = null
  cluster: Run['cluster'] = null
  endpoint: Run['endpoint'] = null
  attempts = 0
  sentMs = 0
  upstreamMs = -1
  protected readonly x: RunHost

  constructor(x: RunHost) {
    this.x = x
  }

  abstract start(): void

  requestData(chunk: Buffer, start: number, end: number): void {
    this.x.body.push(chunk, start, end, null, null)
    this.x.pauseRequest()
  }

  requestEnd(trailers: Fields | null): void {
    this.x.body.end(trailers, null, null)
  }

  choose(): void {}
  requestFlush(): void {}
  pause(): void {}
  resume(): void {}
  cancel(): void {}
  look(): void {}

  lastWords(): Fields | null {
    return null
  }
}

/** Answers at once. */
class AnswerRun extends LocalRun {
  private readonly answer: (x: RunHost) => void

  constructor(x: RunHost, answer: (x: RunHost) => void) {
    super(x)
    this.answer = answer
  }

  start(): void {
    this.answer(this.x)
  }
}

/** The action whose answer needs nobody else: a redirect, or a failure. */
export function answering(answer: (x: RunHost) => void): CompiledAction {
  return { begin: x => new AnswerRun(x, answer) }
}
