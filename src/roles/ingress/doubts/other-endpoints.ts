import { formatDuration } from '../../../model/quantity.ts'
import { isWhole, shortestWait, type Doubtful, type Said } from './backend-doubt.ts'

/** Settings that choose among endpoints, or send to another one, where there is nothing to choose. */
export function otherEndpointDoubts(said: Said): readonly Doubtful[] {
  return [
    loneHedge,
    lateHedge,
    methodlessHedge,
    fewForZones,
    oneZone,
    noPercentOfZones,
    wholeSubset,
    loneOutlier,
  ].flatMap(doubt => doubt(said) ?? [])
}

function loneHedge(said: Said): Doubtful | null {
  if (said.cluster.hedging === undefined || !isWhole(said) || said.endpoints.length !== 1) return null
  return { path: ['hedging'], message: 'there is no other endpoint that a request could be sent to as well' }
}

function lateHedge(said: Said): Doubtful | null {
  const { hedging } = said.cluster
  const first = shortestWait(said)
  if (hedging === undefined || first === null || hedging.minDelayMs < first.ms) return null
  return {
    path: ['hedging', 'minDelay'],
    message: `timeouts.${first.field} is over first (${formatDuration(first.ms)}), so that nothing is sent twice; expected less than that`,
  }
}

function methodlessHedge({ cluster: { hedging } }: Said): Doubtful | null {
  if (hedging === undefined || hedging.methods.length > 0) return null
  return { path: ['hedging', 'methods'], message: 'names no method, so that nothing is sent twice' }
}

const ZONES = ['loadBalancing', 'zoneAware']

function fewForZones(said: Said): Doubtful | null {
  const { zoneAware } = said.cluster
  const { length } = said.endpoints
  if (zoneAware === undefined || !isWhole(said) || length >= zoneAware.minEndpoints) return null
  return {
    path: ZONES,
    message: `${length} of ${zoneAware.minEndpoints} endpoints are there (minEndpointsThreshold), so that zones count for nothing`,
  }
}

function oneZone(said: Said): Doubtful | null {
  const { zoneAware } = said.cluster
  const [first, ...others] = new Set(said.endpoints.map(({ zone }) => zone))
  if (zoneAware === undefined || !isWhole(said) || first === undefined || others.length > 0) return null
  return {
    path: ZONES,
    message: `all endpoints are in the zone ${first}, so that there is none to be preferred`,
  }
}

function noPercentOfZones({ cluster: { zoneAware } }: Said): Doubtful | null {
  if (zoneAware?.percent !== 0) return null
  return {
    path: [...ZONES, 'preferLocal', 'percentageEnabled'],
    message: '0: the own zone is preferred for no request',
  }
}

function wholeSubset(said: Said): Doubtful | null {
  const { subsetSize } = said.cluster
  const { length } = said.endpoints
  if (subsetSize === undefined || !isWhole(said) || length === 0 || subsetSize < length) return null
  return {
    path: ['loadBalancing', 'subsets', 'size'],
    message: `there are ${length} endpoints, so that each worker connects to all of them; expected less than that`,
  }
}

/** What is compared with others says so itself. */
const rows = ['consecutiveFailures', 'consecutive5xx', 'consecutiveGatewayErrors'] as const

function loneOutlier(said: Said): Doubtful | null {
  const { specs, endpoints, cluster } = said
  if (cluster.ejection === null || !isWhole(said) || endpoints.length !== 1) return null
  const row = rows.find(name => specs.some(({ outlierDetection }) => outlierDetection?.[name] !== undefined))
  if (row === undefined) return null
  return {
    path: ['outlierDetection', row],
    message: 'the only endpoint is never left out, for there is no other one',
  }
}
