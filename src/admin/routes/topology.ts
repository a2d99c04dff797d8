import { AdminError } from '../../api/errors.ts'
import type { Api } from '../../api/api.ts'
import type { ApiKit } from '../kit.ts'
import { Rule, RuleParams, RuleQuery, Rules } from '../shapes/rule.ts'
import { Topology, TopologyQuery } from '../shapes/topology.ts'
import { rulePage, ruleView } from '../views/rules.ts'
import { gatewayViews } from '../views/topology.ts'

const tags = ['topology']

/** Where requests enter, and where they go. */
export function topologyRoutes(app: Api, { views }: ApiKit): void {
  app.get(
    '/v1/topology',
    {
      config: { permission: 'platform:read' },
      schema: {
        summary: 'Gateways, their listeners, and a page of their rules',
        tags,
        querystring: TopologyQuery,
        response: { 200: Topology },
      },
    },
    async ({ query }) => {
      const source = await views.indexed()
      return { gateways: gatewayViews(source, query), rules: rulePage(source, query) }
    },
  )
  app.get(
    '/v1/rules',
    {
      config: { permission: 'platform:read' },
      schema: { summary: 'Which requests go where', tags, querystring: RuleQuery, response: { 200: Rules } },
    },
    async ({ query }) => rulePage(await views.indexed(), query),
  )
  app.get(
    '/v1/rules/:id',
    {
      config: { permission: 'platform:read' },
      schema: { summary: 'One rule', tags, params: RuleParams, response: { 200: Rule } },
    },
    async ({ params: { id } }) => {
      const rule = ruleView(await views.indexed(), id)
      if (rule === null)
        throw new AdminError(404, `there is no rule ${id}; /v1/rules has those that there are`)
      return rule
    },
  )
}
