import type { ResourceKind } from '../model/kind.ts'
import type { Exceptions } from '../model/kinds/exceptions.ts'
import { GRPCRoute } from '../model/kinds/grpc-route.ts'
import { HTTPRoute } from '../model/kinds/http-route.ts'
import type { Resource } from '../model/resource.ts'
import type { Resources } from '../model/resources.ts'
import { missing } from './missing.ts'
import type { Report } from './report.ts'

/** Routes that a policy is to leave out, and that are not there: what was meant stays protected, and its owner wonders why. */
export function doubtExceptions(
  policies: readonly Resource<{ readonly spec: { readonly except?: Exceptions } }>[],
  resources: Resources,
  report: Report,
): void {
  for (const policy of policies)
    for (const [i, { routes = [] }] of (policy.body.spec.except ?? []).entries())
      for (const [j, route] of routes.entries())
        doubt(policy, route, ['spec', 'except', i, 'routes', j], resources, report)
}

function doubt(
  policy: Resource,
  { kind = 'HTTPRoute', name, namespace }: NonNullable<Exceptions[number]['routes']>[number],
  path: readonly (string | number)[],
  resources: Resources,
  report: Report,
): void {
  const home = policy.metadata.namespace
  const of = namespace ?? home
  const wanted: ResourceKind = kind === 'GRPCRoute' ? GRPCRoute : HTTPRoute
  if (resources.get(wanted, of, name) !== undefined) return
  const { message } = missing(resources, wanted, of, name, of !== home)
  report.doubt(policy, {
    severity: 'warning',
    reason: 'NothingExcepted',
    path,
    message: `${message}; nothing is left out for it`,
  })
}
