import type { SpanHome } from '../telemetry/spans/span-settings.ts'
import type { RoleName } from '../model/kind.ts'
import type { FailureName } from '../http/failures.ts'
import type { RequestHead, ResponseHead } from '../http/head.ts'
import type { Counters, Whose } from '../shared/counters.ts'
import type { Lookup } from '../shared/table.ts'
import type { FilterConfig } from '../snapshot/rule.ts'
import type { BodyHold, Transformed } from './body.ts'
import type { Exception } from './exceptions.ts'
import type { Kit, OtherBackend } from './kit.ts'
import type { Notes } from './notes.ts'
import type { Phase } from './phases.ts'

/** What the client asked for: canonical, and as no filter has rewritten it. Policies match this. */
export interface Asked {
  readonly method: string
  /** With the port, as the client sent it. */
  readonly authority: string
  readonly hostname: string
  readonly path: string
  /** With its leading "?", or "". */
  readonly query: string
}

/** The certificate of a client, which the listener has verified. */
export interface ClientCertificate {
  /** Its subject by RFC 4514, the most specific part first: `CN=shop,O=Example`. */
  readonly subject: string
  /** Subject alternative names, each behind its type: `DNS:a.example`, `URI:spiffe://…`, `email:…`. */
  readonly names: readonly string[]
}

/**
 * What a filter sees of an exchange. The request is changed in place before it
 * is forwarded, the response before its head is sent.
 */
export interface Exchange {
  /** X-Request-Id. */
  readonly id: string
  readonly request: RequestHead
  readonly asked: Asked
  /** The request's body, for a filter that declares to hold it (Filter.body); null for others, and where it was more than is held and goes on as it came. */
  readonly heldBody: Buffer | null
  /** Keeps the request's trailers from naming what this filter has the say of; names in lower case. */
  withholdTrailers(names: readonly string[]): void
  /** Set from the moment a response's head (upstream's or our own) is there. */
  readonly response: ResponseHead
  /** The client's address after trusted hops. */
  readonly clientAddress: string
  /** Where spans go that are made elsewhere for it; absent: where those go of whom nobody says it. */
  readonly spanHome?: SpanHome | undefined
  /** A balancer's that has told of the client by a PROXY header, or "". */
  readonly peerAddress: string
  /** Null where none was asked for, shown, or verified. */
  readonly certificate: ClientCertificate | null
  /** Port of the listener, as a number. */
  readonly localPort: number
  /** Listener.name, or "" where no listener takes the request's host. */
  readonly listener: string
  /** Rule.id, or "" where no route takes the request. */
  readonly route: string
  /** Rule.digest: what is kept of a rule is for one that says the same. "" where there is none. */
  readonly ruleDigest: string
  /** What filters tell each other, log and metrics. */
  readonly notes: Notes
  /** Aborted when the client has gone, or the exchange is over in another way. Made when it is first asked for. */
  readonly signal: AbortSignal
  /** When the route's request timeout ends, as performance.now() tells time; Infinity without one. */
  readonly deadlineMs: number
  readonly startedMs: number
  /** Status that was sent, or would have been; 0 as long as there is none. */
  readonly status: number
  readonly failure: FailureName | null
  /** It has been sent to its backend, and can be sent to another one: its body is here still, and there is time. */
  readonly mayForward: boolean
  /**
   * Asks the same again behind the filter of this config, as if it had just passed it, for nobody: the answer passes
   * the filters up to that one, and is dropped. `before` may change the request, and write notes; `ended` is called once.
   * What is given back ends it.
   */
  repeat(behind: FilterConfig, before: (x: Exchange) => void, ended: () => void): () => void
  /** Bytes of bodies that have been moved, without framing. */
  readonly requestBytes: number
  readonly responseBytes: number
}

/** An answer made by the gateway. The codec adds Date, Content-Length and connection management. */
export interface LocalResponse {
  readonly status: number
  /** Name, value, name, value … */
  readonly fields: readonly string[]
  readonly body: string | Buffer
}

/** A refusal by its name in http/failures.ts: status, problem+json, log and metrics follow from that. */
export interface Failure {
  readonly failure: FailureName
  /** For the log, never for the client. */
  readonly detail?: string
  /** What the answer says beside the problem: WWW-Authenticate, Retry-After; name, value, name, value … */
  readonly fields?: readonly string[]
  /** Members of the problem beside the usual ones. */
  readonly members?: Readonly<Record<string, unknown>>
}

/**
 * A whole answer from memory, sent at the pace of the client. Those further out than the filter that gives it see it;
 * those behind it have nothing to do with it any more.
 */
export interface Served {
  /** Its `length` is that of the body. */
  readonly head: ResponseHead
  /** Not written again; null for none. */
  readonly body: Buffer | null
  /** The body is needed no more, whatever the reason. */
  readonly done: () => void
}

/**
 * Undefined: go on. A response, or a failure: answer with it here; later request filters and the action are skipped, as
 * with what is served. Transformed: go on, and the request's body passes through this.
 */
export type Verdict = undefined | LocalResponse | Failure | Transformed | Served

/**
 * Undefined: go on with the head as it is now. A response, or a failure: in place of what came; filters further out see
 * that. Transformed: the body passes through this; who changes its length sets `response.length` (CHUNKED where it is
 * not known) and `hasLength`. HeldBody: the head waits for the whole of the body.
 */
export type ResponseVerdict = void | LocalResponse | Failure | Transformed | HeldBody | Served | Elsewhere

/** In place of an answer: the request goes to this backend, whose answer meets the same filters. */
export interface Elsewhere {
  readonly forwardTo: OtherBackend
}

/** A verdict on a response: its head waits until the body is here, whole. */
export interface HeldBody {
  readonly hold: BodyHold
  /**
   * The head may still be changed. A Buffer is sent in place of the body, and its length said. Not called where the body
   * is more than is held.
   */
  readonly whole: (body: Buffer) => WholeVerdict | Promise<WholeVerdict>
}

export type WholeVerdict = void | Buffer | LocalResponse | Failure

/** Holds the bodies of requests, those that `only` is true of where it is there. */
export interface RequestHold extends BodyHold {
  readonly only?: (x: Exchange) => boolean
}

/**
 * A compiled filter. Steps are synchronous unless they return a promise, and
 * only then is anything waited for. Response filters run in reverse order.
 */
export interface Filter {
  /** What `request` wants to see of the body: it runs when so much is here (`Exchange.heldBody`). */
  readonly body?: RequestHold
  request?(x: Exchange): Verdict | Promise<Verdict>
  response?(x: Exchange): ResponseVerdict | Promise<ResponseVerdict>
  /** The exchange is over, in whatever way, also where `request` never ran. Notes that are made here are logged. */
  end?(x: Exchange): void
  /**
   * Whether this request is the gateway's own matter, and so Critical whatever route takes it: asked where there is too much
   * to do, of filters of listeners. A few of them are at a time: it may not be a door that is never closed.
   */
  urgent?(x: Pick<Exchange, 'asked'>): boolean
}

/** One kind of filter, whole in its own file; a role's list of filters names it. */
export interface FilterType<C extends FilterConfig = FilterConfig> {
  readonly type: C['type']
  readonly role: RoleName
  readonly phase: Phase
  /**
   * Of several at one request one acts, with what all of them say, the nearer one first: settings, and no protection.
   * What comes of it has the origin of the nearer.
   */
  merge?(far: C, near: C): C
  /** Everything that does not depend on a request happens here, once per snapshot. Throws where it cannot be had. */
  compile(config: C, kit: Kit): Filter
  /** What `explain` shows of it. */
  describe(config: C): string
  /** Requests that its owner leaves out of it, where it is a filter that has such. */
  except?(config: C): readonly Exception[]
  /**
   * What it would make of a request that is only asked about, for `explain`: of a filter that refuses some. In the order
   * of filters; it writes the notes that `request` would, and changes, counts and sends nothing else.
   */
  inspect?(config: C, x: Exchange, kit: InspectKit): Inspection | Promise<Inspection>
}

export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json }

/** Something that a filter has found out, by a short name; never a secret. */
export interface Fact {
  readonly name: string
  readonly value: Json
}

/** What a filter would make of a request that is only asked about. */
export interface Inspection {
  readonly facts: readonly Fact[]
  /** What the request would be answered, to go no further; null where it would go on. */
  readonly refusal: Failure | null
  /** Why nobody can say here whether it would go on; null where that is known. */
  readonly unknown: string | null
}

/** What a filter may look at to say so. Nothing is counted, kept or asked of others. */
export interface InspectKit {
  /** Null where only a running gateway has these rows. */
  table<T>(name: string): Pick<Lookup<T>, 'get'> | null
  /** To be read; null where no gateway runs. */
  counters(name: string, whose?: Whose): Counters | null
  /** Of the clock of counters. */
  sharedUs(): number
  /** Milliseconds since 1970. */
  wallMs(): number
}
