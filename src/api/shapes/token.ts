import { Type } from 'typebox'
import { listOf, listQuery } from './list.ts'
import { GivenTime, Id, IdOrName } from './record.ts'
import { fields, orNull, text, Time, type Shape } from './shape.ts'

const Label = text(100, 'What it is for.')

export const Token = fields(
  {
    id: Id,
    user: Id,
    name: Label,
    prefix: Type.String({ description: 'How it begins.' }),
    status: Type.Enum(['active', 'expired', 'revoked']),
    createdAt: Time,
    expiresAt: orNull(Time, 'Null: never.'),
    lastUsedAt: orNull(Time, 'To the minute; null where it has not been used.'),
    revokedAt: orNull(Time),
  },
  'A personal access token, without its secret.',
)
export type Token = Shape<typeof Token>

export const NewToken = fields({
  name: Type.Optional(Label),
  expiresAt: Type.Optional(orNull(GivenTime, 'Null: never. Absent: in 90 days.')),
})

export const TokenWithSecret = fields(
  {
    ...Token.properties,
    secret: orNull(
      Type.String(),
      'The token itself: shown this once. Null to who asks again with an Idempotency-Key.',
    ),
  },
  'A new personal access token.',
)
export type TokenWithSecret = Shape<typeof TokenWithSecret>

export const TokenQuery = listQuery({})
export const TokenParams = fields({ user: IdOrName, token: Id })
export const Tokens = listOf(Token, 'Tokens of a user, the oldest first.')
export type Tokens = Shape<typeof Tokens>
