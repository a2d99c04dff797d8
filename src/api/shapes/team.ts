import { Type } from 'typebox'
import { listOf, listQuery } from './list.ts'
import { Id, IdOrName, inOrganization, Name, Title } from './record.ts'
import { fields, Time, type Shape } from './shape.ts'

export const Team = fields(
  {
    id: Id,
    organization: fields({ id: Id, name: Name }),
    name: Name,
    title: Title,
    createdAt: Time,
    updatedAt: Time,
  },
  'Users who own APIs together: an API names its team as spec.owner.',
)
export type Team = Shape<typeof Team>

export const TeamFields = fields({ title: Type.Optional(Title) })
export const NewTeam = fields({ name: Name, ...inOrganization, ...TeamFields.properties })
export const TeamQuery = listQuery(inOrganization)
export const TeamParams = fields({ team: IdOrName })
export const InOrganization = fields(inOrganization)
export const Teams = listOf(Team, 'Teams, the oldest first.')
export type Teams = Shape<typeof Teams>

export const Member = fields({ user: fields({ id: Id, name: Name }) }, 'A user who is in a team.')
export type Member = Shape<typeof Member>
export const MemberParams = fields({ team: IdOrName, user: IdOrName })
export const Members = listOf(Member, 'Who is in a team.')
export type Members = Shape<typeof Members>
export const MemberQuery = listQuery(inOrganization)
