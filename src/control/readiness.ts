import { authorityText } from '../http/authority-text.ts'
import type { Endpoint } from '../snapshot/cluster.ts'
import type { SnapshotParts } from '../snapshot/snapshot.ts'
import type { Logger } from '../telemetry/log.ts'
import { readinessReason } from '../upstream/endpoint-state.ts'

type Endpoints = SnapshotParts['endpoints']

/** Tells of endpoints that are not ready any more, or are again; checks and ejection are told of by those who find out. */
export function tellReadiness(log: Pick<Logger, 'info'>, before: Endpoints, now: Endpoints): void {
  for (const [cluster, endpoints] of Object.entries(now)) {
    const known = before[cluster] ?? []
    // Nearly always.
    if (endpoints === known || (endpoints.every(isReady) && known.every(isReady))) continue
    const were = new Map(known.map(one => [nameOf(one), one.readiness]))
    for (const endpoint of endpoints) {
      const name = nameOf(endpoint)
      const { readiness } = endpoint
      if (readiness === were.get(name)) continue
      if (readiness === undefined) log.info('endpoint.ready', { cluster, endpoint: name })
      else log.info('endpoint.unready', { cluster, endpoint: name, reason: readinessReason(readiness) })
    }
  }
}

const isReady = ({ readiness }: Endpoint): boolean => readiness === undefined
const nameOf = ({ address, port }: Endpoint): string => authorityText(address, port)
