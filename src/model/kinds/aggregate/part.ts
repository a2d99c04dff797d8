import { Type, type Static } from 'typebox'
import { duration, integer, object, optional, pattern, record, set, text } from '../shapes.ts'
import { memberPath, name } from './inputs.ts'

export const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

const TEMPLATE =
  'In braces stands what is put there: `{params.id}`, `{query.x}`, `{headers.x}`, `{body.a.b}`, `{parts.user.tier}`.'

/** A part of an answer: a call and what is taken of what it brings, or a value that is made without one. */
export const part = object(
  {
    backend: optional(name, 'Which of `backends` is called. Left out where there is a `value`.'),
    method: optional(Type.Enum(methods), 'By which method.', 'GET'),
    path: optional(
      text(2048, 1),
      `The path, below that of the backend. ${TEMPLATE} A value that would make another path (\`..\`, nothing) is refused.`,
    ),
    query: optional(
      record(text(2048), 64),
      'The query by name. A parameter is left out where what it names is not there; of a list it comes once for each.',
    ),
    headers: optional(
      record(text(2048), 64),
      'Fields beyond those of the backend. One is left out where what it names is not there.',
    ),
    body: optional(
      Type.Unknown(),
      'JSON that is sent. A text that is one name in braces (`"{body.items}"`) becomes what that is; `{{` and `}}` stand for braces.',
    ),
    idempotencyKey: optional(
      text(2048, 1),
      'Sent as `Idempotency-Key`, so that the call may be repeated whatever its method is. A template like `{headers.idempotency-key}`.',
    ),
    timeout: optional(duration, "Less than the backend's."),
    concurrent: optional(
      integer(1, 5),
      'So many equal calls at once, of which the first that succeeds counts; the others are cancelled. GET only.',
      1,
    ),
    value: optional(
      Type.Unknown(),
      'JSON in place of a call: static, or made of others by names in braces (`"{parts.user.name}"`).',
    ),
    after: optional(
      set(name, 32),
      'Parts that must have come before this is called, beyond those that it names in braces.',
    ),
    pick: optional(
      memberPath,
      'What of the answer counts, as in `data.items`; of a list that of each of its items, or by number one of them. Where it is not there, the part fails.',
    ),
    allow: optional(
      set(memberPath, 256),
      'The members that pass, and nothing else: `name`, `address.city`. Through lists, of each item. Left out: all.',
    ),
    deny: optional(set(memberPath, 256), 'Members that do not pass.'),
    rename: optional(
      record(pattern('^(?!__proto__$)[^.]+$', 'a name without dots', 256), 256),
      'Members by where they are, and what they are called in the answer: `{ name: fullName, address.zip: postcode }`.',
    ),
    flatten: optional(
      set(memberPath, 64),
      'Members that are objects, whose members take their place. What has such a name already stays.',
    ),
    group: optional(name, "What the part is called in the answer; left out, by the part's own name."),
    merge: optional(
      Type.Boolean(),
      'Whether its members stand in the answer beside the other parts, not below a name. Where it is the only part in the answer, it is the answer, a list too.',
      false,
    ),
    hide: optional(Type.Boolean(), 'Whether it is for other parts only, and not in the answer.', false),
    required: optional(
      Type.Boolean(),
      'Whether the request fails where the part does. If not, it is left out, or `default` stands there, and the answer says that it is partial. Default: true without `default`.',
    ),
    default: optional(Type.Unknown(), 'What stands there where the part fails, as it is.'),
  },
  { title: 'AggregatePart' },
)
export type PartDeclaration = Static<typeof part>
