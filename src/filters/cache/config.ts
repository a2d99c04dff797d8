import type { FilterConfig } from '../../snapshot/snapshot.ts'
import type { Exception } from '../exceptions.ts'

/** TrafficPolicy spec.cache. */
export interface CacheConfig extends FilterConfig {
  readonly type: 'cache'
  /** `default/pages` */
  readonly policy: string
  /** The largest body that is kept. */
  readonly maxBodyBytes: number
  /** Of the time since Last-Modified, for answers that say nothing of their own; 0: nothing is guessed. */
  readonly heuristicShare: number
  /** For answers that say nothing of it; 0: none. */
  readonly staleWhileRevalidateMs: number
  readonly staleIfErrorMs: number
  /** Names, in lower case, of request fields that are part of the key beside what Vary names. */
  readonly keyHeaders: readonly string[]
  /** How long a request waits for an equal one; 0: it does not. */
  readonly collapseMs: number
  /** Whether clients' Cache-Control is heeded. */
  readonly clientDirectives: boolean
  /** Whether answers say in Cache-Status what the cache did. */
  readonly statusHeader: boolean
  readonly except: readonly Exception[]
}
