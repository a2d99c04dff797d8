import { Type } from 'typebox'
import { listOf, listQuery } from './list.ts'
import { Id, IdOrName, inOrganization, Name, Title } from './record.ts'
import { fields, Time, type Shape } from './shape.ts'

const status = Type.Enum(['active', 'suspended'], {
  description: 'suspended: none of its credentials counts, until it is active again.',
})

export const Application = fields(
  {
    id: Id,
    account: fields({ id: Id, name: Name }),
    organization: fields({ id: Id, name: Name }),
    name: Name,
    title: Title,
    status,
    createdAt: Time,
    updatedAt: Time,
  },
  'What calls APIs: it has credentials, and subscribes to products.',
)
export type Application = Shape<typeof Application>

/** Where an application is looked for that is named by its name. */
const inAccount = {
  ...inOrganization,
  account: Type.Optional({ ...IdOrName, description: 'Of this account (id or name).' }),
}
export const InAccount = fields(inAccount)
export const ApplicationFields = fields({ title: Type.Optional(Title), status: Type.Optional(status) })
export const NewApplication = fields({
  name: Name,
  ...inOrganization,
  account: IdOrName,
  ...ApplicationFields.properties,
})
export const ApplicationQuery = listQuery(inAccount)
export const ApplicationParams = fields({ application: IdOrName })
export const Applications = listOf(Application, 'Applications, the oldest first.')
export type Applications = Shape<typeof Applications>
