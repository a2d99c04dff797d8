import { Type } from 'typebox'
import { listOf, listQuery } from './list.ts'
import { Id, IdOrName, inOrganization, Name, Title } from './record.ts'
import { RoleBinding } from './role-binding.ts'
import { fields, orNull, text, Time, type Shape } from './shape.ts'
import { TokenWithSecret } from './token.ts'

const status = Type.Enum(['active', 'disabled'], {
  description: 'disabled: no token of the user counts, until it is active again.',
})
const Email = text(254, '"" where none is known.')

export const User = fields(
  {
    id: Id,
    organization: fields({ id: Id, name: Name }, 'Who administers the user.'),
    name: Name,
    title: Title,
    email: Email,
    status,
    createdAt: Time,
    updatedAt: Time,
  },
  'Somebody who uses the Admin API.',
)
export type User = Shape<typeof User>

export const UserFields = fields({
  title: Type.Optional(Title),
  email: Type.Optional(Email),
  status: Type.Optional(status),
})
export const NewUser = fields({ name: Name, ...inOrganization, ...UserFields.properties })
export const UserQuery = listQuery(inOrganization)
export const UserParams = fields({ user: IdOrName })
export const Users = listOf(User, 'Users, the oldest first.')
export type Users = Shape<typeof Users>

export const Me = fields(
  {
    by: Type.Enum(['token', 'socket', 'admin-token', 'loopback'], {
      description: 'What the request was let in by.',
    }),
    user: orNull(User, 'Null for who has no account: the operator of the machine.'),
    bindings: Type.Array(RoleBinding, { description: 'The roles of the user and of their teams.' }),
    permissions: Type.Array(Type.String(), { description: 'What is allowed somewhere, by its name.' }),
  },
  'Who asks, and what they may do.',
)
export type Me = Shape<typeof Me>

export const Setup = fields(
  {
    token: Type.String({ maxLength: 128, description: 'What the first start has printed.' }),
    name: Name,
    title: Type.Optional(Title),
    email: Type.Optional(Email),
  },
  'The first user, who administers everything.',
)

export const SetupDone = fields({ user: User, token: TokenWithSecret }, 'The first user, with a token.')
export type SetupDone = Shape<typeof SetupDone>
