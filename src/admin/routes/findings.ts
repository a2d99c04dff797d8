import type { Api } from '../../api/api.ts'
import type { ApiKit } from '../kit.ts'
import { ConditionQuery, Conditions } from '../../api/shapes/condition.ts'
import { FindingQuery, Findings } from '../../api/shapes/finding.ts'
import { conditionPage } from '../views/conditions.ts'
import { findingPage } from '../views/findings.ts'

const tags = ['problems']

/** What is wrong, and what is said of each object. */
export function findingRoutes(app: Api, { views }: ApiKit): void {
  app.get(
    '/v1/problems',
    {
      config: { permission: 'platform:read' },
      schema: {
        summary: 'All that is wrong, or worth a look',
        description:
          'What `portcullis check` says of the same files, and what only a running gateway knows: ports, held versions, endpoints.',
        tags,
        querystring: FindingQuery,
        response: { 200: Findings },
      },
    },
    async ({ query }) => findingPage(await views.findings(), views.source.held, query),
  )
  app.get(
    '/v1/conditions',
    {
      config: { permission: 'platform:read' },
      schema: {
        summary: 'What is said of each object',
        tags,
        querystring: ConditionQuery,
        response: { 200: Conditions },
      },
    },
    ({ query }) => conditionPage(views.source.status.conditions, query),
  )
}
