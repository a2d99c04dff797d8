import type { Fault } from '../../composition/aggregate/faults.ts'
import type { Manifest } from '../../composition/manifest/manifest.ts'
import type { FilterShape } from '../../shared/crossing/filtering.ts'
import { BUNDLES, type BundleBackend } from '../../translation/compositions.ts'
import type { Facts } from '../../translation/service.ts'

/** What is known of the bundle of one composition or filter. */
export interface BundleFact {
  /** Of the code that serves, or where none does yet, is to; null where none could be loaded. */
  readonly manifest: Manifest | null
  /** Of the code that is to serve: its threads begin when these have clusters. */
  readonly backends: readonly BundleBackend[]
  /** Of a filter: what the code does that serves, or is to where none does yet; null where that is not known, or it is none. */
  readonly filter: FilterShape | null
  /** Why the file as it is now cannot be loaded; with a manifest, the code before it serves on. */
  readonly fault: string | null
  /** Where that is: of an aggregate below `spec.aggregate`, of a filter's config below `spec`. */
  readonly places: readonly Fault[]
  /** Numbers of the threads that serve; null where none are run, as in `check`. */
  readonly threads: readonly number[] | null
  /** Workers serve it themselves, and it has no threads. */
  readonly lodges: boolean
  /** What keeps threads from serving, or has ended the last one. */
  readonly trouble: string | null
}

/** By `bundleKey`. */
export type BundleFacts = ReadonlyMap<string, BundleFact>

export function bundleFactsOf(facts: Facts | undefined): BundleFacts | null {
  return (facts?.[BUNDLES] as BundleFacts | undefined) ?? null
}
