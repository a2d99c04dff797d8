import { formatDuration } from '../../../model/quantity.ts'
import { isWhole, shortestWait, type Doubtful, type Said } from './backend-doubt.ts'

/** Settings that choose among endpoints, or send to another one, where there is nothing to choose. */
export function otherEndpointDoubts(said: Said): readonly Doubtful[] {
  return [lateHedge, methodlessHedge, fewForZones, oneZone, noPercentOfZones].flatMap(
    doubt => doubt(said) ?? [],
  )
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
