import { backendDefaults } from '../../model/defaults.ts'
import { formatDuration } from '../../model/quantity.ts'
import type { Cluster, ZonePreference } from '../../snapshot/cluster.ts'

/** How an endpoint of it is chosen, where that is said; nothing where it is in turn. */
export function balancingTexts(cluster: Cluster): readonly string[] {
  const { balancer, slowStartMs = 0, zoneAware, subsetSize } = cluster
  const { type, ...settings } = balancer
  const own = Object.values(settings).map(said)
  const eased =
    slowStartMs === 0 ? [] : [`endpoints that come are eased in over ${formatDuration(slowStartMs)}`]
  const near = zoneAware === undefined ? [] : [nearText(zoneAware)]
  const part = subsetSize === undefined ? [] : [`about ${subsetSize} endpoints for each worker`]
  const more = [...own, ...eased, ...near, ...part]
  if (type === backendDefaults.loadBalancing && more.length === 0) return []
  return [[type, ...more].join(', ')]
}

function nearText({ percent, minEndpoints, forceFrom }: ZonePreference): string {
  const part = percent === 100 ? '' : ` for ${percent} % of the requests`
  const bound =
    forceFrom === undefined ? 'as far as it bears them' : `with ${forceFrom} serving there or more`
  const least = minEndpoints === 1 ? '' : `, with ${minEndpoints} endpoints or more`
  return `the own zone first${part}, ${bound}${least}`
}

/** `{ source: Header, name: x-user, tableSize: 5003 }` as `Header x-user tableSize 5003`. */
function said(settings: unknown): string {
  if (typeof settings !== 'object' || settings === null) return String(settings)
  return Object.entries(settings)
    .map(([name, value]) => (typeof value === 'number' ? `${name} ${value}` : String(value)))
    .join(' ')
}
