import { Type } from 'typebox'
import { listOf, listQuery } from './list.ts'
import { Id, IdOrName, inOrganization, Name } from './record.ts'
import { fields, orNull, Time, type Shape } from './shape.ts'

export const roleNames = ['viewer', 'api-owner', 'operator', 'admin', 'developer'] as const
const scopes = ['platform', 'organization', 'team', 'account'] as const

const role = Type.Enum([...roleNames], {
  description:
    'viewer: sees. api-owner: APIs, products, plans, policies, subscriptions. operator: routes, backends, gateways. admin: everything, users among it. developer: applications of an account.',
})
const scope = Type.Enum([...scopes], {
  description: 'Where it holds: everywhere, or in one organization, for one team, for one account.',
})
const named = fields({ id: Id, name: Name })

export const RoleBinding = fields(
  {
    id: Id,
    user: orNull(named, 'Who has the role; null where a team has it.'),
    team: orNull(named, 'All of whom have it; null where a user has it.'),
    role,
    scope,
    organization: orNull(named, 'Where it holds, or what the team or account belongs to; null: everywhere.'),
    of: orNull(named, 'The team or account for which it holds, where the scope is one.'),
    createdAt: Time,
  },
  'A role that somebody has, and where.',
)
export type RoleBinding = Shape<typeof RoleBinding>

export const NewRoleBinding = fields({
  user: Type.Optional(IdOrName),
  team: Type.Optional(IdOrName),
  role,
  scope,
  organization: Type.Optional({
    ...IdOrName,
    description: 'That it holds in, or in which the names of teams and accounts are looked for.',
  }),
  of: Type.Optional({ ...IdOrName, description: 'The team or account, where the scope is one.' }),
})
export type NewRoleBinding = Shape<typeof NewRoleBinding>

export const RoleBindingQuery = listQuery({
  ...inOrganization,
  user: Type.Optional({ ...IdOrName, description: 'Of this user.' }),
})
export const RoleBindingParams = fields({ binding: Id })
export const RoleBindings = listOf(RoleBinding, 'Roles that somebody has.')
export type RoleBindings = Shape<typeof RoleBindings>
