import { routeDefaults } from '../../../model/defaults.ts'
import { GRPCRoute } from '../../../model/kinds/grpc-route.ts'
import { HTTPRoute } from '../../../model/kinds/http-route.ts'
import type { Resources } from '../../../model/resources.ts'
import { missing } from '../../../translation/missing.ts'
import type { Report } from '../../../translation/report.ts'
import type { Farewell } from '../catalog/api.ts'
import { API } from '../kinds/api.ts'
import { apiDefaults } from '../kinds/defaults.ts'
import { instantMs } from '../kinds/instants.ts'

/** What responses of a deprecated or retired API say of that; null of others. */
export function farewellOf(api: API, resources: Resources, report: Report): Farewell | null {
  const { deprecation } = api.body.spec
  if (deprecation === undefined) return null
  const { since, sunset, successor, documentation } = deprecation
  const next = successor === undefined ? null : successorLink(api, successor, resources, report)
  return {
    // A Date of structured fields (RFC 9651 §3.3.7).
    deprecation: `@${Math.floor((instantMs(since) ?? 0) / 1000)}`,
    sunset: sunset === undefined ? null : new Date(instantMs(sunset) ?? 0).toUTCString(),
    links: [
      ...(next === null ? [] : [`<${next}>; rel="successor-version"`]),
      ...(documentation === undefined ? [] : [`<${documentation}>; rel="deprecation"`]),
      ...(documentation === undefined || sunset === undefined ? [] : [`<${documentation}>; rel="sunset"`]),
    ],
  }
}

function successorLink(api: API, name: string, resources: Resources, report: Report): string | null {
  const { namespace } = api.metadata
  const next = resources.get(API, namespace, name)
  if (next !== undefined) return linkTo(next, api, resources)
  const { message } = missing(resources, API, namespace, name)
  report.doubt(api, {
    severity: 'warning',
    reason: 'SuccessorNotFound',
    path: ['spec', 'deprecation', 'successor'],
    message: `${message}; clients are not told of it`,
  })
  return null
}

/** Relative to what the client has asked for, whose scheme and port are likely those of the other one, too. */
function linkTo(next: API, api: API, resources: Resources): string {
  const { basePath = apiDefaults.basePath } = next.body.spec
  const path = basePath === '' ? firstPath(next, resources) : basePath
  const [own, its] = [hostsOf(api, resources), hostsOf(next, resources)]
  const host = its.find(one => !one.startsWith('*'))
  const isShared = own.length === 0 || its.length === 0 || its.some(one => own.includes(one))
  return isShared || host === undefined ? path : `//${host}${path}`
}

function routesOf({ metadata, body }: API, resources: Resources): (HTTPRoute | GRPCRoute)[] {
  return body.spec.routeRefs.flatMap(({ kind, name }) => {
    const { namespace } = metadata
    const route =
      kind === 'GRPCRoute'
        ? resources.get(GRPCRoute, namespace, name)
        : resources.get(HTTPRoute, namespace, name)
    return route ?? []
  })
}

function hostsOf(api: API, resources: Resources): string[] {
  const routes = routesOf(api, resources)
  return routes.some(({ body }) => (body.spec.hostnames ?? []).length === 0)
    ? []
    : routes.flatMap(({ body }) => body.spec.hostnames ?? [])
}

/** Where its routes begin, for an API without a base path. */
export function firstPath(api: API, resources: Resources): string {
  for (const { body } of routesOf(api, resources))
    for (const { matches = [] } of body.spec.rules ?? [])
      for (const match of matches)
        if ('path' in match && match.path !== undefined && match.path.type !== 'RegularExpression')
          return match.path.value ?? routeDefaults.path
  return routeDefaults.path
}
