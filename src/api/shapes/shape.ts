import { Type, type TProperties, type TSchema } from 'typebox'

export type { Shape } from '../../model/kinds/shapes.ts'

// What goes over the wire, as JSON Schema. The console takes the types of these files, so they import nothing of Node's.

/** All fields that are not optional are there; null is what is not known. */
export function fields<P extends TProperties>(properties: P, description?: string) {
  return Type.Object(properties, {
    additionalProperties: false,
    ...(description !== undefined && { description }),
  })
}

export function orNull<S extends TSchema>(schema: S, description?: string) {
  return Type.Union([schema, Type.Null()], description === undefined ? {} : { description })
}

/**
 * One line of text, of all that a person reads: no character that a terminal, a log or a page obeys (controls, what
 * turns the direction of what stands behind it), and none that a database cannot keep as it is (U+0000, half of a
 * surrogate pair), whose audit would not be what was written.
 */
export function text(maxLength: number, description?: string, minLength = 0) {
  return Type.String({
    pattern: LINE,
    ...(minLength > 0 && { minLength }),
    maxLength,
    ...(description !== undefined && { description }),
  })
}

export const LINE =
  '^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069\\ud800-\\udfff]*$'

/** RFC 3339, in UTC. */
export const Time = Type.String({ description: 'RFC 3339, in UTC.' })
