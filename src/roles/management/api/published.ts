import { accessOf } from '../../../api/access.ts'
import type { Api } from '../../../api/api.ts'
import { CatalogParams, Linkset, OpenApiOfApi } from '../../../api/shapes/catalog.ts'
import { actorOf } from '../access/actor.ts'
import { ORIGIN } from '../translation/published/document.ts'
import { LINKSET, linksetOf, type CatalogEntry } from '../translation/published/linkset.ts'
import type { PublishedApi } from '../translation/published/published.ts'
import { missing } from './allow.ts'
import { catalogFor, found, nameOf } from './catalog.ts'
import type { ManagementApi } from './context.ts'

const CATALOG = '/v1/api-catalog'

/** What clients of published APIs are told, in one place for all hosts. */
export function publishedRoutes(app: Api, api: ManagementApi): void {
  const config = { permission: 'catalog:read' } as const
  const tags = ['catalog']
  app.get(
    CATALOG,
    {
      config,
      schema: {
        summary: 'Published APIs as a linkset (RFC 9727, RFC 9264)',
        description:
          'Those of all hosts that whoever asks may see; each host has its own at /.well-known/api-catalog.',
        tags,
        produces: 'application/linkset+json',
        response: { 200: Linkset },
      },
    },
    async ({ raw }, reply) => {
      const { apis } = await catalogFor(api, actorOf(accessOf(raw)))
      const published = api.published()
      reply.type(LINKSET)
      return linksetOf(
        CATALOG,
        apis.flatMap(one => placed(nameOf(one), published[nameOf(one)])),
      ) as Linkset
    },
  )
  app.get(
    '/v1/apis/:namespace/:name/openapi',
    {
      config,
      schema: {
        summary: 'OpenAPI document of one API',
        description:
          'As it is declared, with what the gateway adds: credentials, limits, problems. Only operations that a public Product has, if there is one that has the API.',
        tags,
        params: CatalogParams,
        response: { 200: OpenApiOfApi },
      },
    },
    async ({ raw, params }) => {
      const { apis } = await catalogFor(api, actorOf(accessOf(raw)))
      const name = nameOf(found(apis, params, 'API'))
      const { pieces = null, origin = '' } = api.published()[name] ?? {}
      if (pieces === null) throw missing(`OpenAPI document of API ${name}`)
      return JSON.parse(pieces.join(origin)) as OpenApiOfApi
    },
  )
}

/** With whole URLs, for who reads it elsewhere than where they are. */
function placed(name: string, published: PublishedApi | undefined): CatalogEntry[] {
  if (!published?.entry) return []
  const { entry, origin, pieces } = published
  const whole = (href: string): string => href.replace(ORIGIN, origin)
  const here = pieces === null ? null : `/v1/apis/${name}/openapi`
  return [
    { ...entry, href: whole(entry.href), openapi: entry.openapi === null ? here : whole(entry.openapi) },
  ]
}
