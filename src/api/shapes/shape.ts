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

/** RFC 3339, in UTC. */
export const Time = Type.String({ description: 'RFC 3339, in UTC.' })
