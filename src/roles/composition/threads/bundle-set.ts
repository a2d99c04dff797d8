import type { Snapshot } from '../../../snapshot/snapshot.ts'

/** What serves one version of a bundle. */
export interface BundleSet {
  /** As addresses of endpoints name them. */
  readonly ids: readonly number[]
  /** What keeps some of it from serving. */
  readonly trouble: string | null
  /** Resolves when all of it serves; rejects where it cannot, and is gone then. */
  begin(): Promise<void>
  /** What it knows of clusters from now on. */
  apply(snapshot: Snapshot): void
  /** Once nothing new is sent there: what is under way finishes, for so long at most. */
  drain(graceMs: number): Promise<void>
}
