import { cacheDefaults } from '../../model/defaults.ts'
import { saidOf, type Layer, type Layered } from '../layered.ts'

/** TrafficPolicy spec.cache, of all that say something of it. */
export interface CacheConfig extends Layered<CacheSettings> {
  readonly type: 'cache'
}

export interface CacheSettings {
  /** The largest body that is kept. */
  readonly maxBodyBytes: number
  /** Of the time since Last-Modified, for answers that say nothing of their own; 0: nothing is guessed. */
  readonly heuristicShare: number
  /** For answers that say nothing of it; 0: none. */
  readonly staleWhileRevalidateMs: number
  readonly staleIfErrorMs: number
  /** Names, in lower case, of request fields that are part of the key beside what Vary names. */
  readonly keyHeaders: readonly string[]
  /** Whether every field that may say who asks is part of the key: requests are our own, and all in them is our word. */
  readonly keysAll: boolean
  /** How long a request waits for an equal one; 0: it does not. */
  readonly collapseMs: number
  /** Whether clients' Cache-Control is heeded. */
  readonly clientDirectives: boolean
  /** Whether answers say in Cache-Status what the cache did. */
  readonly statusHeader: boolean
}

const { heuristicPercent, ...others } = cacheDefaults
const defaults: CacheSettings = {
  ...others,
  heuristicShare: heuristicPercent / 100,
  keyHeaders: [],
  keysAll: false,
}

export function settingsOf(layers: readonly Layer<CacheSettings>[]): CacheSettings {
  return { ...defaults, ...saidOf(layers) }
}
