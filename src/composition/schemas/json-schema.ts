/** A schema as JSON Schema has it (2020-12, and lists of `items` of before); TypeBox's types are this. */
export interface Schema {
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, SchemaLike>>
  readonly patternProperties?: Readonly<Record<string, SchemaLike>>
  readonly additionalProperties?: SchemaLike
  readonly items?: SchemaLike | readonly SchemaLike[]
  readonly prefixItems?: readonly SchemaLike[]
  readonly additionalItems?: SchemaLike
  readonly anyOf?: readonly SchemaLike[]
  readonly oneOf?: readonly SchemaLike[]
  readonly allOf?: readonly SchemaLike[]
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, SchemaLike>>
}

export type SchemaLike = Schema | boolean

const OF_MEMBERS = ['properties', 'patternProperties', 'additionalProperties'] as const
const OF_ITEMS = ['items', 'prefixItems', 'additionalItems'] as const

const has = (schema: Schema, names: readonly (keyof Schema)[]): boolean =>
  names.some(name => schema[name] !== undefined)

export const isType = ({ type }: Schema, name: string): boolean =>
  typeof type === 'string' ? type === name : type?.includes(name) === true

/** `type: object` alone too: that is an object without members. */
export const namesMembers = (schema: Schema): boolean => isType(schema, 'object') || has(schema, OF_MEMBERS)

export const namesItems = (schema: Schema): boolean => has(schema, OF_ITEMS)
