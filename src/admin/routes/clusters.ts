import { AdminError } from '../../api/errors.ts'
import type { Api } from '../../api/api.ts'
import type { ApiKit } from '../kit.ts'
import { Cluster, ClusterParams, ClusterQuery, Clusters } from '../shapes/cluster.ts'
import { clusterPage, clusterViews } from '../views/clusters.ts'
import { namesIn } from '../views/health.ts'

const tags = ['topology']

/** Backends, and how their endpoints are. */
export function clusterRoutes(app: Api, { views }: ApiKit): void {
  app.get(
    '/v1/clusters',
    {
      config: { permission: 'platform:read' },
      schema: {
        summary: 'Backends and their endpoints',
        description: 'Workers are asked how the endpoints of the page are, and are given half a second.',
        tags,
        querystring: ClusterQuery,
        response: { 200: Clusters },
      },
    },
    async ({ query }) => {
      const source = await views.indexed()
      const unwell = query.unwell === true ? namesIn(await views.health.unwell()) : null
      const page = clusterPage(source, query, unwell)
      const health = await views.health.of(page.items.map(({ name }) => name))
      return { ...page, items: clusterViews(source, page.items, health) }
    },
  )
  app.get(
    '/v1/clusters/:name',
    {
      config: { permission: 'platform:read' },
      schema: { summary: 'One backend', tags, params: ClusterParams, response: { 200: Cluster } },
    },
    async ({ params: { name } }) => {
      const source = await views.indexed()
      const cluster = source.snapshot.clusters.find(one => one.name === name)
      if (cluster === undefined)
        throw new AdminError(404, `there is no cluster ${name}; /v1/clusters has those that there are`)
      const [view] = clusterViews(source, [cluster], await views.health.of([name]))
      return view!
    },
  )
}
