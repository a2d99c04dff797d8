import type { ClientSettings } from './client-settings.ts'
import type { Cluster, Endpoint } from './cluster.ts'
import type { Origin } from './origin.ts'
import type { SpanSettings } from '../telemetry/spans/span-settings.ts'
import type { FilterConfig, Match, Rule, StreamRule } from './rule.ts'
import type { Certificate, ListenerTls } from './tls.ts'

/**
 * What the proxy runs: one frozen value, free of functions and classes, so that
 * it can be sent to workers by structured clone and written to a golden file.
 * Nothing in it names a role; nothing in it needs another look at a resource.
 */
export interface Snapshot {
  /** Rises with every change; a worker answers with the one it has applied. */
  readonly version: number
  readonly ports: readonly Port[]
  readonly clusters: readonly Cluster[]
  /** By cluster name. Replaced alone, without a new snapshot, when only endpoints change. */
  readonly endpoints: Readonly<Record<string, readonly Endpoint[]>>
  /**
   * By the name of what holds them: `Secret/default/shop`, `ConfigMap/default/ca`, or of what has obtained them:
   * `CertificatePolicy/default/acme a.example`. The one place in a snapshot that
   * holds private keys: whoever prints snapshots leaves it out. Absent where nothing needs any.
   */
  readonly certificates?: Readonly<Record<string, Certificate>>
  /** What requests meet that begin within the thread that has it, by the names that it calls them by. Absent: there are none. */
  readonly within?: Readonly<Record<string, Rule>>
}

/** Parts of a snapshot that one role contributes. */
export type SnapshotParts = Omit<Snapshot, 'version'>

/** One address and port that is listened on. */
export interface Port {
  /** `0.0.0.0:8080`, `[::]:8080`, `udp *:53`, `*:20417 for 443`; what survives a reload is found by it. */
  readonly key: string
  /** "" for every address of the machine. */
  readonly address: string
  /** That of its listeners, which clients know: what is said to them of a port is this one. */
  readonly port: number
  /** What is listened on where a Service in front of it has `port`; absent: the same. */
  readonly target?: number
  /**
   * On a port of `tls`, every listener says by its `tls` what becomes of a connection that asks for its hostname. That
   * of `tcp` or `udp` has one listener, and one route of it, for the hostname "".
   */
  readonly protocol: 'http' | 'tls' | 'tcp' | 'udp'
  readonly client: ClientSettings
  /** In no particular order; the hostname decides which one a request meets. */
  readonly listeners: readonly Listener[]
}

/**
 * A Gateway listener. A request meets the listener with the most specific
 * hostname that takes its host, and no other (listener isolation).
 */
export interface Listener {
  /** `default/gateway/section`; `default/gateway/apps:extra:section` of ListenerSet apps/extra. */
  readonly name: string
  /** `apps/extra`, of a ListenerSet that has added it to its Gateway. */
  readonly set?: string
  readonly origin: Origin
  /** "" any, `a.example`, or `*.example`; lower case. */
  readonly hostname: string
  /** Every request of the listener meets them, also those that no route takes. Absent where there is none. */
  readonly filters?: readonly FilterConfig[]
  /** What its requests are told of as spans, or that nobody is told of them; absent: what the process says of all. */
  readonly tracing?: SpanSettings | 'off'
  /** Every hostname of its routes, with the rules that apply, most specific hostname first. */
  readonly hosts: readonly VirtualHost[]
  readonly tls?: ListenerTls
  /** Where workers ask (shared/questions.ts) for the certificate of a handshake that validates a name (RFC 8737). */
  readonly challenges?: string
  /** Set where it takes byte streams in place of requests: by the server name of the handshake, as in `hosts`. */
  readonly streams?: readonly StreamRoute[]
}

export interface VirtualHost {
  /** As in Listener, after intersection with the listener's. */
  readonly hostname: string
  /** In the standard's order of precedence: the first that matches wins. */
  readonly entries: readonly RouteEntry[]
}

export interface RouteEntry {
  readonly match: Match
  /** Shared by the entries of all matches and hostnames of one rule (identity survives structured clone). */
  readonly rule: Rule
}

export interface StreamRoute {
  readonly hostname: string
  readonly rule: StreamRule
}
