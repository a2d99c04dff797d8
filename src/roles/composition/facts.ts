import type { Fault } from '../../composition/aggregate/faults.ts'
import type { Manifest } from '../../composition/manifest/manifest.ts'
import { BUNDLES, type BundleBackend } from '../../translation/compositions.ts'
import type { Facts } from '../../translation/service.ts'

/** What is known of the bundle of one composition. */
export interface BundleFact {
  /** Of the code that serves, or where none does yet, is to; null where none could be loaded. */
  readonly manifest: Manifest | null
  /** Of the code that is to serve: its threads begin when these have clusters. */
  readonly backends: readonly BundleBackend[]
  /** Why the file as it is now cannot be loaded; with a manifest, the code before it serves on. */
  readonly fault: string | null
  /** Of an aggregate: where that is, below `spec.aggregate`. */
  readonly places: readonly Fault[]
  /** Numbers of the threads that serve; null where none are run, as in `check`. */
  readonly threads: readonly number[] | null
  /** What keeps threads from serving, or has ended the last one. */
  readonly trouble: string | null
}

/** By `namespace/name`. */
export type BundleFacts = ReadonlyMap<string, BundleFact>

export function bundleFactsOf(facts: Facts | undefined): BundleFacts | null {
  return (facts?.[BUNDLES] as BundleFacts | undefined) ?? null
}
