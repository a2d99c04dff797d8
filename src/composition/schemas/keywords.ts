import type { Schema } from './json-schema.ts'

type Fits = (value: unknown) => boolean
type Keyword = readonly [fits: Fits, expected: string]

const isRecord: Fits = value => typeof value === 'object' && value !== null && !Array.isArray(value)
const isSchema: Fits = value => typeof value === 'boolean' || isRecord(value)
const isSchemas: Fits = value => Array.isArray(value) && value.every(isSchema)
const isSchemasByName: Fits = value => isRecord(value) && Object.values(value as object).every(isSchema)
const isNames: Fits = value => Array.isArray(value) && value.every(one => typeof one === 'string')
const isText: Fits = value => typeof value === 'string'
const isPattern: Fits = value => value instanceof RegExp || (isText(value) && isExpression(value as string))
const isNumber: Fits = value => typeof value === 'number' || typeof value === 'bigint'
const isCount: Fits = value => Number.isInteger(value) && (value as number) >= 0

const TYPES: readonly unknown[] = ['string', 'number', 'integer', 'boolean', 'null', 'array', 'object']
const isTypes: Fits = value => (Array.isArray(value) ? value : [value]).every(one => TYPES.includes(one))

const each = (names: string, fits: Fits, expected: string): Readonly<Record<string, Keyword>> =>
  Object.fromEntries(names.split(' ').map(name => [name, [fits, expected]]))

/**
 * Keywords that are understood, and what their values are: compilers pass over what they do not expect (`required: 'id'`
 * holds nobody to anything), and nobody sees that in an answer that looks right.
 */
const KEYWORDS: ReadonlyMap<string, Keyword> = new Map(
  Object.entries({
    // What says which members, items or alternatives a value has.
    ...each('properties patternProperties $defs', isSchemasByName, 'schemas by name'),
    ...each('additionalProperties additionalItems', isSchema, 'a schema'),
    ...each('items', value => isSchema(value) || isSchemas(value), 'a schema, or a list of them'),
    ...each('prefixItems anyOf oneOf allOf', isSchemas, 'a list of schemas'),
    ...each('$ref', isText, 'text'),
    // What only holds a value to something.
    ...each('type', isTypes, TYPES.join(', ')),
    ...each('enum', Array.isArray, 'a list'),
    ...each('maximum exclusiveMaximum minimum exclusiveMinimum', isNumber, 'a number'),
    ...each('multipleOf', value => isNumber(value) && (value as number) > 0, 'a number above 0'),
    ...each('maxLength minLength maxItems minItems maxContains minContains', isCount, 'a count'),
    ...each('maxProperties minProperties', isCount, 'a count'),
    ...each('uniqueItems', value => typeof value === 'boolean', 'true or false'),
    ...each('required', isNames, 'a list of names'),
    ...each('pattern', isPattern, 'a regular expression'),
    ...each('format', isText, 'text'),
    ...each('contains propertyNames not', isSchema, 'a schema'),
    ...each('dependentRequired', isRecord, 'lists of names by name'),
    // What says something of it.
    ...each(
      'const contentEncoding contentMediaType contentSchema $id $schema $anchor $comment title description default ' +
        'deprecated readOnly writeOnly example examples discriminator externalDocs xml nullable',
      () => true,
      'anything',
    ),
  }),
)

/**
 * Throws a TypeError at a keyword of which it is not known whether it names members (`if`, `dependentSchemas`, one that is
 * mistyped), or whose value is none of it: of a schema that is not understood nobody knows what it lets pass. `x-…` and TypeBox's own `~…` say nothing.
 */
export function understood(schema: Schema): void {
  for (const [keyword, value] of Object.entries(schema)) {
    const known = KEYWORDS.get(keyword)
    if (known !== undefined) checkValue(schema, keyword, value, known)
    if (known !== undefined || /^(?:x-|~)/.test(keyword)) continue
    // That nothing else may be there is for who checks.
    if (/^unevaluated(?:Properties|Items)$/.test(keyword) && value === false) continue
    throw new TypeError(
      `a schema (${Object.keys(schema).join(', ')}) with "${keyword}", of which it is not known what it lets pass: ` +
        'expected keywords of JSON Schema, but none that depends on the value (if, dependentSchemas, unevaluated…), or x-…',
    )
  }
}

function checkValue(schema: Schema, keyword: string, value: unknown, [fits, expected]: Keyword): void {
  // TypeBox has types of its own (undefined, void), and members that are left out.
  if (value === undefined || (keyword === 'type' && '~kind' in schema) || fits(value)) return
  throw new TypeError(`a schema with "${keyword}": ${JSON.stringify(value)}, expected ${expected}`)
}

function isExpression(pattern: string): boolean {
  try {
    void new RegExp(pattern, 'u')
    return true
  } catch {
    return false
  }
}
