import { Type } from 'typebox'
import { Rejection } from '../../../http/failures.ts'
import { canonicalPath, writtenPaths } from '../../../http/target.ts'
import { GATEWAY_API, PORTCULLIS, type ResourceKind } from '../../../model/kind.ts'
import {
  list,
  object,
  objectName,
  optional,
  pattern,
  required,
  sectionName,
  text,
  type Shape,
  type Violation,
} from '../../../model/kinds/shapes.ts'
import type { Resource } from '../../../model/resource.ts'
import { namedTargets } from '../../../model/targeting.ts'
import { documentOf } from '../openapi/document.ts'
import { apiDefaults } from './defaults.ts'
import { instant, instantMs } from './instants.ts'

const routeRef = object({
  kind: optional(Type.Enum(['HTTPRoute', 'GRPCRoute']), 'The kind of the route.', 'HTTPRoute'),
  name: required(objectName, 'The name of the route, which is in the namespace of the API.'),
  sectionName: optional(sectionName, 'Only the rule of this name. Left out, all of the route.'),
})

const deprecation = object({
  since: required(instant, 'When it became deprecated, or will: the header Deprecation (RFC 9745).'),
  sunset: optional(
    instant,
    'When it is to be gone: the header Sunset (RFC 8594). It is gone when `lifecycle` is Retired.',
  ),
  successor: optional(
    objectName,
    'The API of this namespace that takes its place: Link with rel="successor-version" (RFC 5829).',
  ),
  documentation: optional(
    pattern('^https?://[!#-;=?-~]+$', 'a URL like "https://docs.example/v1"', 1024),
    'What there is to read about it: Link with rel="deprecation", and rel="sunset".',
  ),
})

const openapi = object({
  servedAt: optional(
    pattern('^$|^/[!-"$-;=@-z|~]*$', 'a path like "/openapi.json", or ""', 256, 0),
    'Where everybody gets the document, with what the gateway adds: behind `basePath`. "" for nowhere. Left out, /openapi.json where a Product with visibility Public has the API, and nowhere otherwise.',
  ),
  document: optional(
    // Of whatever form its version has: documentOf reads what is needed of it.
    Type.Unsafe<object>({ type: 'object' }),
    'The document itself, of OpenAPI 3.0 or 3.1.',
  ),
  configMapRef: optional(
    object({
      name: required(objectName, 'The name of the ConfigMap, which is in the namespace of the API.'),
      key: optional(
        text(253, 1),
        'The key of the document in it, as YAML, or as JSON where it ends in .json. Left out: openapi.yaml, or openapi.json.',
      ),
    }),
    'A ConfigMap that has the document.',
  ),
  compositionRef: optional(
    object({
      name: optional(
        objectName,
        'The name of the Composition, which is in the namespace of the API. Left out: the one that its routes send to.',
      ),
    }),
    'A Composition whose API this is: its document and operations are those of the code that serves, as far as the routes let them through.',
  ),
})

/** portcullis.dev/v1alpha1 API. */
const schema = object(
  {
    spec: required(
      object({
        title: optional(text(128, 1), 'What people call it. Left out, its name.'),
        description: optional(text(4096), 'What it is, for who looks for one.'),
        version: optional(
          pattern('^[A-Za-z0-9]([-A-Za-z0-9._]*[A-Za-z0-9])?$', 'a version like "v1" or "2026-11"', 64),
          'What clients call this version of it.',
          apiDefaults.version,
        ),
        lifecycle: optional(
          Type.Enum(['Draft', 'Published', 'Deprecated', 'Retired']),
          'Draft: answered 404, as if it were not there. Deprecated: served, and responses say so. Retired: answered 410.',
          apiDefaults.lifecycle,
        ),
        deprecation: optional(
          deprecation,
          'For Deprecated and Retired: since when, until when, and what comes after.',
        ),
        owner: optional(text(253, 1), 'The team whose API it is, by its name.'),
        routeRefs: required(
          list(routeRef, 1, 32),
          'The routes, or rules of them, that it is served by. A rule belongs to one API.',
        ),
        signUp: optional(
          pattern('^https?://[!#-;=?-~]+$', 'a URL like "https://developers.example/"', 1024),
          'Where who calls it gets a credential: told with each 401.',
        ),
        basePath: optional(
          pattern('^$|^/', 'a path like "/petstore", or ""', 1024, 0),
          "What clients' paths have in front of those of the OpenAPI document, whose `servers` are not looked at.",
          apiDefaults.basePath,
        ),
        documentation: optional(
          pattern('^https?://[!#-;=?-~]+$', 'a URL like "https://docs.example/petstore"', 1024),
          'Where there is something to read for who calls it: service-doc in the catalog.',
        ),
        openapi: optional(openapi, 'What operations it has. Left out, requests are of no operation.'),
      }),
      'What it is called, where it is served, and what can be done with it.',
    ),
  },
  {
    description:
      'An interface that is offered to others: the routes that serve it, its operations by OpenAPI, and where it is in its life.',
  },
)

export type ApiBody = Shape<typeof schema>
export type ApiSpec = ApiBody['spec']
export type API = Resource<ApiBody>

export const API: ResourceKind<API> = {
  group: PORTCULLIS,
  versions: ['v1alpha1'],
  kind: 'API',
  plural: 'apis',
  scope: 'Namespaced',
  role: 'management',
  schema,
  rules,
  cel: [
    {
      path: 'spec',
      rule: "has(self.lifecycle) && self.lifecycle == 'Deprecated' ? has(self.deprecation) : (!has(self.deprecation) || (has(self.lifecycle) && self.lifecycle == 'Retired'))",
      message: 'deprecation is required for lifecycle: Deprecated, and only for that and Retired',
    },
    {
      path: 'spec',
      rule: "!has(self.basePath) || !self.basePath.endsWith('/')",
      message: 'basePath ends in "/", with which the paths of the document begin, expected none at the end',
    },
    {
      path: 'spec.openapi',
      rule: '[has(self.document), has(self.configMapRef), has(self.compositionRef)].filter(given, given).size() == 1',
      message: 'expected document, configMapRef or compositionRef, and one of them',
    },
  ],
  protects: true,
  targets: (spec, namespace) =>
    namedTargets(spec, 'routeRefs', namespace, { group: GATEWAY_API, kind: 'HTTPRoute' }),
}

function rules({ spec }: ApiBody): Violation[] {
  return [
    ...lifecycleViolations(spec),
    ...basePathViolations(spec),
    ...routeViolations(spec),
    ...openapiViolations(spec),
  ]
}

function lifecycleViolations({ lifecycle = apiDefaults.lifecycle, deprecation: of }: ApiSpec): Violation[] {
  const path = ['spec', 'deprecation']
  if (of === undefined)
    return lifecycle === 'Deprecated'
      ? [{ path, message: 'is required for lifecycle: Deprecated, expected at least since' }]
      : []
  if (lifecycle !== 'Deprecated' && lifecycle !== 'Retired')
    return [{ path, message: `is only for lifecycle: Deprecated or Retired, and this is ${lifecycle}` }]
  const since = instantMs(of.since)
  const sunset = of.sunset === undefined ? null : instantMs(of.sunset)
  const none = (field: string): Violation => ({
    path: [...path, field],
    message: 'is a day that no calendar has',
  })
  if (since === null) return [none('since')]
  if (of.sunset !== undefined && sunset === null) return [none('sunset')]
  // RFC 9745 §4: "The timestamp given in the Sunset header field MUST NOT be earlier".
  return sunset !== null && sunset < since
    ? [{ path: [...path, 'sunset'], message: 'is before since, expected a later time' }]
    : []
}

function basePathViolations({ basePath = apiDefaults.basePath }: ApiSpec): Violation[] {
  const path = ['spec', 'basePath']
  if (basePath === '') return []
  if (basePath.endsWith('/'))
    return [
      { path, message: 'ends in "/", with which the paths of the document begin, expected none at the end' },
    ]
  const canonical = basePath.includes('?') ? null : canonicalPath(basePath, writtenPaths)
  if (canonical === basePath) return []
  const why =
    canonical instanceof Rejection
      ? canonical.detail
      : canonical === null
        ? 'a query is no part of it'
        : `requests for it have ${canonical}`
  return [{ path, message: `no request can have this path: ${why}` }]
}

function routeViolations({ routeRefs }: ApiSpec): Violation[] {
  return routeRefs.flatMap((ref, i) => {
    const own = routeKey(ref)
    const [whole] = own.split(' ')
    const before = routeRefs.slice(0, i).map(routeKey)
    const rest = routeRefs.filter((_, j) => j !== i).map(routeKey)
    const path = ['spec', 'routeRefs', i]
    if (before.includes(own)) return [{ path, message: 'is there already, expected it once' }]
    if (ref.sectionName !== undefined && rest.includes(whole!))
      return [{ path: [...path, 'sectionName'], message: 'is a rule of a route that is there as a whole' }]
    return []
  })
}

function routeKey({ kind = 'HTTPRoute', name, sectionName: section }: ApiSpec['routeRefs'][number]): string {
  return section === undefined ? `${kind}/${name}` : `${kind}/${name} ${section}`
}

function openapiViolations({ openapi: of }: ApiSpec): Violation[] {
  if (of === undefined) return []
  const path = ['spec', 'openapi']
  const sources = (['document', 'configMapRef', 'compositionRef'] as const).filter(
    name => of[name] !== undefined,
  )
  if (sources.length === 0)
    return [{ path, message: 'says nothing, expected document, configMapRef or compositionRef' }]
  if (sources.length > 1) return [{ path, message: `says ${sources.join(' and ')}, expected one of them` }]
  const { document } = of
  if (document === undefined) return []
  return documentOf(document).faults.map(fault => ({
    path: [...path, 'document', ...fault.path],
    message: fault.message,
  }))
}
