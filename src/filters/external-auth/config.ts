import type { FilterConfig } from '../../snapshot/rule.ts'
import type { Exception } from '../exceptions.ts'

/** An ExternalAuthPolicy, or the standard's filter of that purpose, as the proxy runs it. */
export interface ExternalAuthConfig extends FilterConfig {
  readonly type: 'external-auth'
  /** Name of the cluster that is asked. */
  readonly cluster: string
  readonly ask: AskHttp | AskGrpc
  /** Fields of the client that the service is sent, in lower case; null: all. Beside them go those that always do. */
  readonly sent: readonly string[] | null
  /** Largest body of a request that the service is sent as well; 413 beyond. 0: it is sent none. */
  readonly bodyBytes: number
  /** Largest body of its answer. */
  readonly answerBytes: number
  readonly timeoutMs: number
  readonly whenUnavailable: 'deny' | 'allow'
  readonly except: readonly Exception[]
  readonly cache: CacheConfig | null
}

export interface AskHttp {
  readonly protocol: 'http'
  /** What is asked for: always the same target, or the request's own behind a prefix without trailing slash ("" for none). */
  readonly target: { readonly type: 'fixed' | 'prefix'; readonly value: string }
  /** "": that of the request. */
  readonly method: string
  /** What Host says; "": that of the request. */
  readonly authority: string
  /** Which answers let a request pass: 200 alone, as the standard has it, or every 2xx. */
  readonly success: '200' | '2xx'
  /** Fields of the answer that the request gets, in lower case; null: all that do not speak of the answer itself. */
  readonly brought: readonly string[] | null
}

/** Envoy's envoy.service.auth.v3.Authorization: the answer itself says which fields the request gets. */
export interface AskGrpc {
  readonly protocol: 'grpc'
  /** What `:authority` says. */
  readonly authority: string
}

export interface CacheConfig {
  readonly maxAgeMs: number
  /** Decisions that one worker keeps. */
  readonly entries: number
}
