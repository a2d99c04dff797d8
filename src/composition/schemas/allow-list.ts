import type { TSchema } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'

type Pick = (value: unknown) => unknown

/** As JSON Schema has it; of TypeBox's types this is what they are. */
interface Schema {
  readonly type?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly patternProperties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: boolean | Schema
  readonly items?: Schema | readonly Schema[]
  readonly anyOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, Schema>>
}

/**
 * A copy of a value with what its schema names and nothing else, made once for a schema. A schema that names nothing
 * (`T.Unknown()`) lets everything pass. What does not fit stays as it is: to say so is for who checks the result.
 */
export function allowList(schema: TSchema): Pick {
  return pickOf(schema as Schema, new Map())
}

interface Definition {
  readonly schema: Schema
  readonly pick: () => Pick
}

type Definitions = ReadonlyMap<string, Definition>

function pickOf(schema: Schema, known: Definitions): Pick {
  if (schema.$defs !== undefined) return pickOf(withoutDefinitions(schema), defined(schema.$defs, known))
  if (schema.$ref !== undefined) return referred(schema.$ref, known)
  if (schema.anyOf !== undefined) return pickAny(schema.anyOf, known)
  if (schema.allOf !== undefined) return pickAll(schema.allOf, known)
  if (schema.type === 'array') return pickItems(schema.items, known)
  if (schema.type === 'object') return pickMembers(schema, known)
  return value => value
}

const withoutDefinitions = ({ $defs: _, ...rest }: Schema): Schema => rest

/** Definitions may need each other: each is made when it is first met. */
function defined(definitions: Readonly<Record<string, Schema>>, known: Definitions): Definitions {
  const all = new Map(known)
  for (const [name, schema] of Object.entries(definitions)) {
    let made: Pick | null = null
    all.set(name, { schema, pick: () => (made ??= pickOf(schema, all)) })
  }
  return all
}

function referred(name: string, known: Definitions): Pick {
  const definition = known.get(name)
  if (definition === undefined) throw new TypeError(`a schema refers to "${name}", which it does not define`)
  return value => definition.pick()(value)
}

/** The first that the value fits, once it has no more than that has. */
function pickAny(schemas: readonly Schema[], known: Definitions): Pick {
  const each = schemas.map(schema => ({
    pick: pickOf(schema, known),
    fits: lazily(() => compiled(schema, known)),
  }))
  return value => {
    for (const { pick, fits } of each) {
      const picked = pick(value)
      if (fits().Check(picked)) return picked
    }
    // Nothing of it is known to be allowed.
    return isObject(value) ? {} : value
  }
}

const compiled = (schema: Schema, known: Definitions): Validator =>
  Compile(Object.fromEntries([...known].map(([name, { schema: other }]) => [name, other])), schema as TSchema)

function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null
  return () => (made ??= { value: make() }).value
}

function pickAll(schemas: readonly Schema[], known: Definitions): Pick {
  const each = schemas.map(schema => pickOf(schema, known))
  return value => (isObject(value) ? (Object.assign({}, ...each.map(pick => pick(value))) as unknown) : value)
}

function pickItems(items: Schema['items'], known: Definitions): Pick {
  if (items === undefined) return value => value
  if (isList(items)) {
    const each = items.map(item => pickOf(item, known))
    return value =>
      Array.isArray(value)
        ? value.map((one: unknown, i) => (each[i] === undefined ? one : each[i](one)))
        : value
  }
  const pick = pickOf(items, known)
  return value => (Array.isArray(value) ? value.map(pick) : value)
}

const isList = (items: Schema | readonly Schema[]): items is readonly Schema[] => Array.isArray(items)

function pickMembers(schema: Schema, known: Definitions): Pick {
  const members = Object.entries(schema.properties ?? {}).map(
    ([name, member]) => [name, pickOf(member, known)] as const,
  )
  const names = new Set(members.map(([name]) => name))
  const patterns = Object.entries(schema.patternProperties ?? {}).map(
    ([pattern, member]) => [new RegExp(pattern, 'u'), pickOf(member, known)] as const,
  )
  const { additionalProperties } = schema
  const others: Pick | null =
    typeof additionalProperties === 'object'
      ? pickOf(additionalProperties, known)
      : additionalProperties === true
        ? value => value
        : null
  return value => {
    if (!isObject(value)) return value
    const picked: Record<string, unknown> = {}
    for (const [name, pick] of members)
      if (Object.hasOwn(value, name) && value[name] !== undefined) picked[name] = pick(value[name])
    if (patterns.length === 0 && others === null) return picked
    for (const [name, member] of Object.entries(value)) {
      if (names.has(name) || name === '__proto__') continue
      const pick = patterns.find(([pattern]) => pattern.test(name))?.[1] ?? others
      if (pick !== null) picked[name] = pick(member)
    }
    return picked
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
