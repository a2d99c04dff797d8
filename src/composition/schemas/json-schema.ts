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

/** What says which members, items or alternatives a value has. */
const NAMING: readonly string[] = [...OF_MEMBERS, ...OF_ITEMS, 'anyOf', 'oneOf', 'allOf', '$ref', '$defs']

/** What only holds a value to something, or says something of it. */
const NOT_NAMING =
  'type enum const multipleOf maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength pattern format ' +
  'maxItems minItems uniqueItems contains maxContains minContains maxProperties minProperties required ' +
  'dependentRequired propertyNames not contentEncoding contentMediaType contentSchema ' +
  '$id $schema $anchor $comment title description default deprecated readOnly writeOnly example examples ' +
  'discriminator externalDocs xml nullable'

const UNDERSTOOD: ReadonlySet<string> = new Set([...NAMING, ...NOT_NAMING.split(' ')])

const has = (schema: Schema, names: readonly (keyof Schema)[]): boolean =>
  names.some(name => schema[name] !== undefined)

export const isType = ({ type }: Schema, name: string): boolean =>
  typeof type === 'string' ? type === name : type?.includes(name) === true

/** `type: object` alone too: that is an object without members. */
export const namesMembers = (schema: Schema): boolean => isType(schema, 'object') || has(schema, OF_MEMBERS)

export const namesItems = (schema: Schema): boolean => has(schema, OF_ITEMS)

/**
 * Throws a TypeError at a keyword of which it is not known whether it names members (`if`, `dependentSchemas`, one that is
 * mistyped): of a schema that is not understood nobody knows what it lets pass. `x-…` and TypeBox's own `~…` say nothing.
 */
export function understood(schema: Schema): void {
  for (const [keyword, value] of Object.entries(schema)) {
    if (UNDERSTOOD.has(keyword) || /^(?:x-|~)/.test(keyword)) continue
    // That nothing else may be there is for who checks.
    if (/^unevaluated(?:Properties|Items)$/.test(keyword) && value === false) continue
    throw new TypeError(
      `a schema (${Object.keys(schema).join(', ')}) with "${keyword}", of which it is not known what it lets pass: ` +
        'expected keywords of JSON Schema, but none that depends on the value (if, dependentSchemas, unevaluated…), or x-…',
    )
  }
}
