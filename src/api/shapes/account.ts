import { Type } from 'typebox'
import { listOf, listQuery } from './list.ts'
import { Id, IdOrName, inOrganization, Name, Title } from './record.ts'
import { fields, Time, type Shape } from './shape.ts'

const status = Type.Enum(['active', 'suspended'], {
  description: 'suspended: no credential of its applications counts, until it is active again.',
})

export const Account = fields(
  {
    id: Id,
    organization: fields({ id: Id, name: Name }),
    name: Name,
    title: Title,
    status,
    createdAt: Time,
    updatedAt: Time,
  },
  'Who consumes APIs: a company, a department, a person.',
)
export type Account = Shape<typeof Account>

export const AccountFields = fields({ title: Type.Optional(Title), status: Type.Optional(status) })
export const NewAccount = fields({ name: Name, ...inOrganization, ...AccountFields.properties })
export const AccountQuery = listQuery(inOrganization)
export const AccountParams = fields({ account: IdOrName })
export const Accounts = listOf(Account, 'Accounts, the oldest first.')
export type Accounts = Shape<typeof Accounts>
