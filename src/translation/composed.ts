import { BUNDLE_BACKENDS, type BackendClusters, type ComposedRoute } from './compositions.ts'
import type { Wants } from './service.ts'

/** What is wanted by this: nothing, but who explains what happens behind a cluster of threads finds that there (Composed). */
export const COMPOSED = 'composed'

/** By the name of the cluster. */
export type Composed = Readonly<Record<string, ComposedApi>>

/** The API that a composition answers with, known without running it. */
export interface ComposedApi {
  /** `default/home` */
  readonly composition: string
  /** The file of its bundle as it is declared, or `spec.aggregate`. */
  readonly code: string
  /** How many threads are to run it; 0 where workers serve it themselves. */
  readonly threads: number
  /** Whether what it is could be found out; the rest is empty where not. */
  readonly isKnown: boolean
  readonly backends: readonly ComposedBackend[]
  readonly routes: readonly ComposedRoute[]
  /** The route that takes a request, or one that asks for a WebSocket (`upgrade`); null for none. */
  find(method: string, path: string, upgrade: boolean): ComposedRoute | null
}

export interface ComposedBackend {
  readonly name: string
  readonly protocol: string
  readonly url: string
  /** Null where it has none. */
  readonly timeoutMs: number | null
}

/** What is behind a cluster, with the clusters of its backends by name; null where that is no composition. */
export function composedBehind(
  wants: Wants,
  cluster: string,
): { readonly api: ComposedApi; readonly clusters: Readonly<Record<string, string>> } | null {
  const api = (wants[COMPOSED] as Composed | undefined)?.[cluster]
  if (api === undefined) return null
  const clusters = (wants[BUNDLE_BACKENDS] as BackendClusters | undefined)?.[api.composition] ?? {}
  return { api, clusters }
}
