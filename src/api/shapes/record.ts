import { Type } from 'typebox'
import { text } from './shape.ts'

// What records have in common.

const UUID = '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'
const LABEL = '[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?'

export const Id = Type.String({ pattern: UUID, description: 'UUIDv7.' })

export const Name = Type.String({
  pattern: `^${LABEL}$`,
  maxLength: 63,
  description: 'At most 63 lower-case letters, digits and "-", beginning and ending with a letter or digit.',
})

/** What names a record in a path or a body. */
export const IdOrName = Type.String({
  pattern: `^${LABEL}$`,
  maxLength: 63,
  description: 'The id of a record, or its name.',
})

/** A declared object of management: `petstore` is that of namespace `default`. */
export const ObjectName = Type.String({
  pattern: `^(${LABEL}/)?[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$`,
  maxLength: 317,
  description: 'NAMESPACE/NAME; without a namespace, default.',
})

export const Title = text(200, 'For people; "" where it has none.')

/** A time that somebody asks for. */
export const GivenTime = Type.String({
  pattern:
    '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$',
  maxLength: 35,
  description: 'RFC 3339, as in 2027-01-31T12:00:00Z.',
})

export const Reason = text(500, 'For people: why.')

/** In which organization a name is looked for. */
export const inOrganization = {
  organization: Type.Optional(
    Type.String({
      pattern: `^${LABEL}$`,
      maxLength: 63,
      description: 'Of this organization (id or name). Where one is named by its name, "default" if absent.',
    }),
  ),
}
