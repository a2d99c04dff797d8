import { isIP } from 'node:net'
import { GATEWAY_API, type ResourceKind } from '../kind.ts'
import type { Resource } from '../resource.ts'
import { backendRefRules } from './http-filter-rules.ts'
import { backendRef } from './http-filters.ts'
import { parentRules } from './route-rules.ts'
import { parentRefs, ruleName, useDefaultGateways } from './route.ts'
import { hostname, list, object, required, type Violation, type Shape } from './shapes.ts'

const rule = object({
  name: ruleName,
  backendRefs: required(list(backendRef, 1, 16), 'Where connections go, shared by weight.'),
})

/**
 * gateway.networking.k8s.io TLSRoute, v1 of release v1.7.0, experimental channel included
 * (useDefaultGateways). v1alpha2 and v1alpha3 are read by the same schema: what they take beyond it (no
 * hostnames, several rules) is what v1 gave up.
 */
const tlsRouteSchema = object(
  {
    spec: required(
      object({
        parentRefs,
        useDefaultGateways,
        hostnames: required(
          list(hostname, 1, 1024),
          'Server names (SNI) of the connections that are taken; *. takes one or more labels.',
        ),
        rules: required(list(rule, 1, 1), 'Where connections go: one rule.'),
      }),
      'Which connections are taken, and where they go.',
    ),
  },
  {
    description:
      'Sends connections with TLS on as they are, by their server name: still encrypted where the listener has mode Passthrough, decrypted where it has Terminate.',
  },
)

export type TLSRouteBody = Shape<typeof tlsRouteSchema>
export type TLSRoute = Resource<TLSRouteBody>

export const TLSRoute: ResourceKind<TLSRoute> = {
  group: GATEWAY_API,
  versions: ['v1', 'v1alpha2', 'v1alpha3'],
  kind: 'TLSRoute',
  plural: 'tlsroutes',
  scope: 'Namespaced',
  role: 'ingress',
  schema: tlsRouteSchema,
  rules: tlsRouteRules,
}

/** The CEL rules of the CRD (v1.7.0). */
function tlsRouteRules({ spec }: TLSRouteBody): Violation[] {
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
