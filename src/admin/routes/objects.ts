import { AdminError } from '../../api/errors.ts'
import type { Api } from '../../api/api.ts'
import type { ApiKit } from '../kit.ts'
import { shortName } from '../../model/resources.ts'
import { ObjectParams, ObjectQuery, Objects, ObjectWhole } from '../shapes/object.ts'
import { objectPage, objectView } from '../views/objects.ts'

const tags = ['objects']

/** What is declared. */
export function objectRoutes(app: Api, { views }: ApiKit): void {
  app.get(
    '/v1/objects',
    {
      config: { permission: 'platform:read' },
      schema: { summary: 'Declared objects', tags, querystring: ObjectQuery, response: { 200: Objects } },
    },
    async ({ query }) => objectPage({ ...views.source, findings: await views.findings() }, query),
  )
  app.get(
    '/v1/objects/:group/:kind/:namespace/:name',
    {
      config: { permission: 'platform:read' },
      schema: {
        summary: 'One declared object, without what is secret',
        tags,
        params: ObjectParams,
        response: { 200: ObjectWhole },
      },
    },
    async ({ params: { group, kind, namespace, name } }) => {
      const ref = {
        group: group === 'core' ? '' : group,
        kind,
        namespace: namespace === '-' ? '' : namespace,
        name,
      }
      const whole = objectView({ ...(await views.indexed()), findings: await views.findings() }, ref)
      if (whole === null)
        throw new AdminError(404, `there is no ${shortName(ref)} (group ${JSON.stringify(ref.group)})`)
      return whole
    },
  )
}
