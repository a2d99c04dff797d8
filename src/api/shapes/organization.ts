import { Type } from 'typebox'
import { listOf, listQuery } from './list.ts'
import { Id, IdOrName, Name, Title } from './record.ts'
import { fields, Time, type Shape } from './shape.ts'

export const Organization = fields(
  { id: Id, name: Name, title: Title, createdAt: Time, updatedAt: Time },
  'Whose teams, users, accounts and applications are kept apart from those of others.',
)
export type Organization = Shape<typeof Organization>

export const OrganizationFields = fields({ title: Type.Optional(Title) })
export const NewOrganization = fields({ name: Name, ...OrganizationFields.properties })
export const OrganizationQuery = listQuery({})
export const OrganizationParams = fields({ organization: IdOrName })
export const Organizations = listOf(Organization, 'Organizations, the oldest first.')
export type Organizations = Shape<typeof Organizations>
