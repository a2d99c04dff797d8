import type { ResourceKind } from '../model/kind.ts'
import type { Exceptions } from '../model/kinds/exceptions.ts'
import { GRPCRoute } from '../model/kinds/grpc-route.ts'
import { HTTPRoute } from '../model/kinds/http-route.ts'
import type { Resource } from '../model/resource.ts'
import type { Resources } from '../model/resources.ts'
import { missing } from './missing.ts'
import type { Report } from './report.ts'

/**
 * Routes that a policy is to leave out, and that are not there: what was meant stays protected, and its owner wonders why.
 * And what leaves out everything, so that nothing is.
 */
export function doubtExceptions(
  policies: readonly Resource<{ readonly spec: { readonly except?: Exceptions } }>[],
  resources: Resources,
  report: Report,
): void {
  for (const policy of policies)
    for (const [i, exception] of (policy.body.spec.except ?? []).entries()) {
      const path = ['spec', 'except', i]
      if (isOfAll(exception)) report.doubt(policy, { ...forNobody, path })
      for (const [j, route] of (exception.routes ?? []).entries())
        doubt(policy, route, [...path, 'routes', j], resources, report)
    }
}

const forNobody = {
  severity: 'warning',
  reason: 'AllExcepted',
  message:
    'leaves out every path that is read in one way, so that the policy is for nearly no request; expected a longer path, or methods or routes beside it',
} as const

function isOfAll({ routes, paths = [], methods = [] }: Exceptions[number]): boolean {
  const isWide = paths.some(({ type, value }) => type !== 'Exact' && value === '/')
  return isWide && routes === undefined && methods.length === 0
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
