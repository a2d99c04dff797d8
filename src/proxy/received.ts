import { deserialize } from 'node:v8'
import { applyPatch, type SnapshotPatch } from '../snapshot/patch.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import type { SharedBytes } from './messages.ts'

/** What a worker has been told, and patches are for. */
export class Received {
  private snapshot: Snapshot | null = null

  /** All of a snapshot, whatever came before. */
  whole(bytes: SharedBytes): Snapshot {
    // oxlint-disable-next-line typescript/no-unsafe-assignment -- what SnapshotBytes wrote
    const snapshot: Snapshot = deserialize(bytes)
    return (this.snapshot = snapshot)
  }

  /** What a patch makes of it; throws where it is for another version, and nothing is known from then on. */
  patched(bytes: SharedBytes): Snapshot {
    const before = this.snapshot
    this.snapshot = null
    // oxlint-disable-next-line typescript/no-unsafe-assignment -- what SnapshotBytes wrote
    const patch: SnapshotPatch = deserialize(bytes)
    if (before === null) throw new RangeError(`a patch for version ${patch.base} comes before any snapshot`)
    return (this.snapshot = applyPatch(before, patch))
  }

  /** In place: the snapshot is this worker's own, and who is about to apply it is to have the last word. */
  setEndpoints(lists: Snapshot['endpoints']): void {
    if (this.snapshot !== null) Object.assign(this.snapshot.endpoints, lists)
  }
}
