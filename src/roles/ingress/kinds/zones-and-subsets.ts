import { backendDefaults } from '../../../model/defaults.ts'
import { integer, object, optional, required, type Shape } from '../../../model/kinds/shapes.ts'
import type { Service } from '../../../model/kinds/service.ts'
import type { Cluster, ZonePreference } from '../../../snapshot/cluster.ts'

const MOST = 100_000

/** In the words of Envoy Gateway's BackendTrafficPolicy. */
export const zoneAware = object({
  preferLocal: required(
    object({
      minEndpointsThreshold: optional(
        integer(1, MOST),
        'With fewer endpoints that serve zones count for nothing.',
        backendDefaults.zoneMinEndpoints,
      ),
      percentageEnabled: optional(
        integer(0, 100),
        'Of so much of the requests in percent; the rest goes by weight alone.',
        backendDefaults.zonePercent,
      ),
      force: optional(
        object({
          minEndpointsInZoneThreshold: optional(
            integer(1, MOST),
            'As long as so many endpoints of the zone serve.',
            backendDefaults.zoneForceEndpoints,
          ),
        }),
        'All requests stay in the zone, also where its endpoints get more than their share by that.',
      ),
    }),
    'Requests stay in the zone of the gateway (--zone) as far as its endpoints can bear them: where more of all requests comes in there than it has of the endpoints, what is beyond that goes to zones that have endpoints to spare.',
  ),
})

export const subsets = object({
  size: required(
    integer(1, MOST),
    'About so many endpoints each worker connects to, the same ones as long as they are there. An endpoint has one worker of each process at least, and all have as many.',
  ),
})

type ZoneAware = Shape<typeof zoneAware>

export function zonePreferenceOf({ preferLocal }: ZoneAware): ZonePreference {
  const { minEndpointsThreshold, percentageEnabled, force } = preferLocal
  return {
    minEndpoints: minEndpointsThreshold ?? backendDefaults.zoneMinEndpoints,
    percent: percentageEnabled ?? backendDefaults.zonePercent,
    ...(force && { forceFrom: force.minEndpointsInZoneThreshold ?? backendDefaults.zoneForceEndpoints }),
  }
}

/** What a Service wants without a word of a policy; all three mean the zone to who is on no node of the cluster. */
export function distributionOf({ body: { spec } }: Service): Pick<Cluster, 'zoneAware'> {
  const near = ['PreferSameZone', 'PreferClose', 'PreferSameNode'].includes(spec?.trafficDistribution ?? '')
  return near ? { zoneAware: { minEndpoints: 1, percent: 100 } } : {}
}
