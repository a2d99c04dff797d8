import { Type } from 'typebox'
import { InAccount } from './application.ts'
import { listOf, listQuery } from './list.ts'
import { GivenTime, Id, Reason } from './record.ts'
import { fields, orNull, text, Time, type Shape } from './shape.ts'

const kind = Type.Enum(['api-key', 'basic', 'certificate', 'client'], {
  description:
    'api-key: a key that is made here. basic: a user, whose password is made here. certificate: the subject of a client certificate. client: a client id of an issuer of tokens.',
})
const Label = text(100, 'What it is for.')
const Scopes = Type.Array(Type.String({ pattern: '^[!#-\\[\\]-~]+$', maxLength: 128 }), {
  maxItems: 64,
  uniqueItems: true,
  description: 'What it may be used for, as AuthorizationPolicies name it.',
})

export const Credential = fields(
  {
    id: Id,
    application: Id,
    kind,
    name: Label,
    keyId: Type.String({
      description:
        'By which it is found: of a key, the part that is no secret; else user, subject or client.',
    }),
    prefix: Type.String({ description: 'How a key begins; "" of other kinds.' }),
    scopes: Scopes,
    status: Type.Enum(['active', 'upcoming', 'expired', 'revoked']),
    createdAt: Time,
    notBeforeAt: orNull(Time),
    expiresAt: orNull(Time, 'Null: never.'),
    lastUsedAt: orNull(Time, 'To the minute; null where it has not been used.'),
    revokedAt: orNull(Time),
    replaces: orNull(Id, 'The one that was rotated.'),
  },
  'What an application is known by, without its secret.',
)
export type Credential = Shape<typeof Credential>

export const NewCredential = fields({
  kind: Type.Optional(kind),
  name: Type.Optional(Label),
  scopes: Type.Optional(Scopes),
  notBeforeAt: Type.Optional(GivenTime),
  expiresAt: Type.Optional(orNull(GivenTime, 'Null or absent: never.')),
  user: Type.Optional(
    Type.String({ pattern: '^[A-Za-z0-9._~@+-]+$', maxLength: 128, description: 'Of kind basic.' }),
  ),
  subject: Type.Optional(
    text(
      1024,
      'Of kind certificate: its subject, as in CN=mobile,O=Acme, or a name of its subjectAltName.',
      1,
    ),
  ),
  issuer: Type.Optional(
    Type.String({ pattern: '^https?://[!-~]+$', maxLength: 1024, description: 'Of kind client.' }),
  ),
  clientId: Type.Optional(
    Type.String({ pattern: '^[!-~]+$', maxLength: 256, description: 'Of kind client.' }),
  ),
})
export type NewCredential = Shape<typeof NewCredential>

export const CredentialWithKey = fields(
  {
    ...Credential.properties,
    key: orNull(
      Type.String(),
      'The key, or the password of kind basic: shown this once. Null of kinds whose secret is elsewhere, and to who asks again with an Idempotency-Key.',
    ),
  },
  'A new credential.',
)
export type CredentialWithKey = Shape<typeof CredentialWithKey>

export const Rotation = fields({
  overlapS: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 31_536_000,
      description: 'For how long the old one counts beside the new one; absent: a day. 0: it is revoked.',
    }),
  ),
  expiresAt: Type.Optional(orNull(GivenTime, 'Of the new one. Null or absent: never.')),
})
export const Revocation = fields({ reason: Type.Optional(Reason) })

export const CredentialQuery = listQuery(InAccount.properties)
export const CredentialParams = fields({ credential: Id })
export const Credentials = listOf(Credential, 'Credentials of an application, the oldest first.')
export type Credentials = Shape<typeof Credentials>
