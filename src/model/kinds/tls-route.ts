import { isIP } from 'node:net'
import { Type } from 'typebox'
import type { Resource } from '../resource.ts'
import { backendRefRules } from './http-filter-rules.ts'
import { backendRef } from './http-filters.ts'
import { parentRules } from './route-rules.ts'
import { parentRef } from './route.ts'
import { hostname, list, object, sectionName, type Finding, type Shape } from './shapes.ts'

const rule = object({
  name: Type.Optional(sectionName),
  backendRefs: list(backendRef, 1, 16),
})

/**
 * gateway.networking.k8s.io TLSRoute, v1 of release v1.6.1, experimental channel included
 * (useDefaultGateways). v1alpha2 and v1alpha3 are read by the same schema: what they take beyond it (no
 * hostnames, several rules) is what v1 gave up.
 */
export const tlsRouteSchema = object({
  spec: object({
    parentRefs: Type.Optional(list(parentRef, 0, 32)),
    useDefaultGateways: Type.Optional(Type.Enum(['All', 'None'])),
    hostnames: list(hostname, 1, 1024),
    rules: list(rule, 1, 1),
  }),
})

export type TLSRouteBody = Shape<typeof tlsRouteSchema>
export type TLSRoute = Resource<TLSRouteBody>

/** The CEL rules of the CRD (v1.6.1). */
export function tlsRouteRules({ spec }: TLSRouteBody): Finding[] {
  return [
    ...parentRules(spec.parentRefs ?? []),
    // RFC 6066 §3: no IP addresses in SNI.
    ...spec.hostnames.flatMap((name, i) =>
      isIP(name) === 0
        ? []
        : [{ path: ['spec', 'hostnames', i], message: 'is an IP address, expected a DNS name' }],
    ),
    ...spec.rules.flatMap(({ backendRefs }, i) =>
      backendRefs.flatMap((ref, j) => backendRefRules(ref, ['spec', 'rules', i, 'backendRefs', j])),
    ),
  ]
}
