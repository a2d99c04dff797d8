import { Type, type Static } from 'typebox'
import { integer, object, optional, pattern, record, set, text } from '../shapes.ts'

/** Of those that it may have. */
const value = Type.Unsafe<number | string>({ type: ['number', 'string'], maxLength: 256 })

/** What a value of a path, of the query or of a field is to be. */
export const input = object(
  {
    type: optional(
      Type.Enum(['string', 'integer', 'number', 'boolean']),
      'What it is; text is made into that, and refused with 400 where it is none.',
      'string',
    ),
    list: optional(
      Type.Boolean(),
      'Whether it may come several times: then it is a list, also where it comes once. For `query`.',
      false,
    ),
    required: optional(Type.Boolean(), 'Whether a request without it is refused with 400.', false),
    default: optional(
      Type.Unknown(),
      'What counts where a request does not have it. Not with `required`, nor in `params`.',
    ),
    enum: optional(set(value, 256), 'The values that it may have.'),
    pattern: optional(text(256, 1), 'A regular expression that text must fit, anywhere in it.'),
    minLength: optional(integer(0, 65_536), 'The least characters of text.'),
    maxLength: optional(integer(0, 65_536), 'The most characters of text.'),
    minimum: optional(Type.Number(), 'The least number.'),
    maximum: optional(Type.Number(), 'The greatest number.'),
    description: optional(text(1024), 'For the OpenAPI document.'),
  },
  { title: 'AggregateInput' },
)
export type InputDeclaration = Static<typeof input>

export const inputs = record(input, 64)

/** A JSON Schema, of which the engine says itself what it does not understand. */
export const jsonSchema = Type.Unsafe<Readonly<Record<string, unknown>>>({ type: 'object' })

/** Parts, backends and what stands in braces are called so. */
export const name = pattern(
  '^(?!__proto__$)[A-Za-z_][A-Za-z0-9_-]*$',
  'letters, digits, "_" and "-", with no digit in front',
  63,
)

/** Where something is in JSON: names of members, or places of a list, with dots between. */
export const memberPath = pattern(
  '^(?!(.*\\.)?__proto__(\\.|$))[^.]+(\\.[^.]+)*$',
  'names of members with dots between, like "name" or "address.city"',
  512,
)
