import { isDeepStrictEqual } from 'node:util'
import type { SnapshotParts } from './snapshot.ts'

/** Whether endpoints are all that differs, so that they can be sent alone. */
export function onlyEndpointsChanged(before: SnapshotParts, after: SnapshotParts): boolean {
  return isDeepStrictEqual(before.clusters, after.clusters) && isDeepStrictEqual(before.ports, after.ports)
}
