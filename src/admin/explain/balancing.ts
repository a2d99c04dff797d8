import { backendDefaults } from '../../model/defaults.ts'
import { formatDuration } from '../../model/quantity.ts'
import type { Cluster } from '../../snapshot/snapshot.ts'

/** How an endpoint of it is chosen, where that is said; nothing where it is in turn. */
export function balancingTexts({ balancer, slowStartMs = 0 }: Cluster): readonly string[] {
  const { type, ...settings } = balancer
  const own = Object.values(settings).map(said)
  const eased =
    slowStartMs === 0 ? [] : [`endpoints that come are eased in over ${formatDuration(slowStartMs)}`]
  if (type === backendDefaults.loadBalancing && eased.length === 0) return []
  return [[type, ...own, ...eased].join(', ')]
}

/** `{ source: Header, name: x-user }` as `Header x-user`. */
function said(settings: unknown): string {
  return typeof settings === 'object' && settings !== null
    ? Object.values(settings).join(' ')
    : String(settings)
}
