import type { FailureName } from '../http/failures.ts'
import type { RequestHead, ResponseHead } from '../http/head.ts'
import { viaCount } from '../http/forwarded.ts'
import type { Listener, Port } from '../snapshot/snapshot.ts'
import type { ClientShares } from './client-shares.ts'
import type { TakenMethods } from './methods.ts'
import type { Observer } from './observe.ts'
import type { Overload } from './overload.ts'
import type { HostIndex } from './router/hosts.ts'
import type { RouteHit } from './router/host-table.ts'
import type { LocalResponse } from '../filters/filter.ts'
import type { HeldBodies } from './held-bodies.ts'
import type { ListenerFilters } from './listener-filters.ts'
import type { ListenerSpans } from './listener-spans.ts'
import type { CompiledRule } from './rule.ts'
import type { CompiledStream } from './proxied-stream.ts'
import type { CertificateChoice } from './tls/certificate-choice.ts'
import type { ContextSpec } from './tls/server-contexts.ts'

/** One port as a snapshot wants it, compiled. An exchange keeps the one it began with; a reload swaps the reference. */
export interface PortRuntime {
  readonly port: Port
  readonly router: Routes
  /** Of a port with TLS, where each listener has a runtime of its own. */
  readonly tls: TlsTable | null
  /** Where the connections of a port of TCP are spliced to; null where no route has them, and for other ports. */
  readonly stream: CompiledStream | null
  /** By whom its connections share what is full. */
  readonly shares: ClientShares
  readonly observer: Observer
  readonly overload: Overload
  readonly methods: TakenMethods
  /** Null where no listener has any. */
  readonly filters: ListenerFilters | null
  /** Null where no listener says anything of spans. */
  readonly spans: ListenerSpans | null
  /** Bodies that filters hold, in this worker. */
  readonly held: HeldBodies
  /** An error as a client wants it who reads no HTTP status; null for all others. `message` is told in place of the body. */
  readonly errorHead: (x: Answered, answer: LocalResponse, message: string) => ResponseHead | null
}

/** What is known of an exchange that is answered with an error. */
export interface Answered {
  readonly id: string
  readonly request: RequestHead
  readonly failure: FailureName | null
  readonly failureDetail: string
  callStatus: number
}

export interface Routes {
  /** Null where no route matches. */
  route(head: RequestHead): RouteHit<CompiledRule> | null
}

/** One listener of a port with TLS: what its connections meet once their handshake is over. */
export interface TlsListener {
  readonly listener: Listener
  readonly runtime: PortRuntime
  /** Where its connections are spliced to, by server name; null where they carry requests. */
  readonly streams: HostIndex<CompiledStream> | null
  /** What its handshakes are made from; null where there are none with us. */
  readonly certificates: CertificateChoice | null
}

/** The listeners of one port with TLS. */
export interface TlsTable {
  /** The one with the most specific hostname that takes this server name ("" for none), or null: nobody is to answer. */
  find(serverName: string): TlsListener | null
  /** The one of this name, as long as the snapshot has it. */
  named(name: string): TlsListener | null
  /** Everything that a handshake may be made from. */
  contexts(): Iterable<ContextSpec>
  /** The same with another port, or another observer. */
  with(change: Partial<Pick<PortRuntime, 'port' | 'observer'>>): TlsTable
}

/** Passing through gateways like this one more often than that is a circle. */
const MAX_HOPS = 10

/** Why a request is not even routed, or null. */
export function admit(runtime: PortRuntime, request: RequestHead): FailureName | null {
  if (!runtime.methods.takes(request.method)) return 'http_method_not_allowed'
  const most = runtime.port.client.bodyBytes
  if (most > 0 && request.length > most) return 'http_request_too_large'
  if (viaCount(request) > MAX_HOPS) return 'proxy_loop_detected'
  return null
}
