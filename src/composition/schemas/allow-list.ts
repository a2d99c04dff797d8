import type { TSchema } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'
import { isType, namesItems, namesMembers, type Schema, type SchemaLike } from './json-schema.ts'
import { understood } from './keywords.ts'
import { isObject, merged, nothingOf, UNNAMED } from './picked.ts'

/** A copy with what is named, or UNNAMED. */
type Pick = (value: unknown) => unknown

/**
 * A copy of a value with what its schema names and nothing else, made once for a schema. A schema that names nothing
 * (`T.Unknown()`) lets everything pass. What does not fit its type stays as it is, or is empty: to say so is for who
 * checks the result. Throws a TypeError where the schema has a keyword of which it is not known what it lets pass.
 */
export function allowList(schema: TSchema): (value: unknown) => unknown {
  return whole(schema as Schema, new Map())
}

interface Definition {
  readonly schema: SchemaLike
  pick: Pick
}

type Definitions = ReadonlyMap<string, Definition>

const unnamed: Pick = () => UNNAMED

/** Of a place where nothing beside this schema says what may be there. */
function whole(schema: SchemaLike, known: Definitions): Pick {
  const pick = pickOf(schema, known)
  if (pick === unnamed) return value => value
  return value => {
    const picked = pick(value)
    return picked === UNNAMED ? value : picked
  }
}

function pickOf(schema: SchemaLike, known: Definitions): Pick {
  if (typeof schema === 'boolean') return unnamed
  understood(schema)
  const { $defs, $ref, anyOf, oneOf, allOf = [] } = schema
  const all = $defs === undefined ? known : defined($defs, known)
  const picks = allOf.map(one => pickOf(one, all))
  if ($ref !== undefined) picks.push(referred($ref, all))
  if (anyOf !== undefined) picks.push(pickAny(anyOf, all))
  if (oneOf !== undefined) picks.push(pickAny(oneOf, all))
  if (namesMembers(schema) || namesItems(schema)) picks.push(pickOwn(schema, all))
  return picks.length > 1 ? pickAll(picks) : (picks[0] ?? unnamed)
}

/** Definitions may need each other. */
function defined(definitions: Readonly<Record<string, SchemaLike>>, known: Definitions): Definitions {
  const all = new Map(known)
  const own = Object.entries(definitions).map(([name, schema]): [string, Definition] => [
    name,
    { schema, pick: unnamed },
  ])
  for (const [name, definition] of own) all.set(name, definition)
  for (const [, definition] of own) definition.pick = pickOf(definition.schema, all)
  return all
}

function referred(name: string, known: Definitions): Pick {
  const definition = known.get(name)
  if (definition === undefined)
    throw new TypeError(`a schema that refers to "${name}", which it does not define`)
  return value => definition.pick(value)
}

/** What any of them names. */
const pickAll =
  (picks: readonly Pick[]): Pick =>
  value =>
    picks.reduce<unknown>((all, pick) => merged(all, pick(value)), UNNAMED)

/** The first that the value fits, once it has no more than that has. */
function pickAny(schemas: readonly SchemaLike[], known: Definitions): Pick {
  const each = schemas.map(schema => ({
    pick: pickOf(schema, known),
    fits: lazily(() => compiled(schema, known)),
  }))
  return value => {
    for (const { pick, fits } of each) {
      const picked = pick(value)
      if (fits().Check(picked === UNNAMED ? value : picked)) return picked
    }
    // Nothing of it is known to be allowed.
    return isObject(value) ? {} : value
  }
}

const compiled = (schema: SchemaLike, known: Definitions): Validator =>
  Compile(
    Object.fromEntries([...known].map(([name, { schema: other }]) => [name, other as TSchema])),
    schema as TSchema,
  )

function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null
  return () => (made ??= { value: make() }).value
}

/** Of a schema without a type both may come: what it does not speak of is empty. */
function pickOwn(schema: Schema, known: Definitions): Pick {
  const members = namesMembers(schema) ? pickMembers(schema, known) : nothingOf
  const items = namesItems(schema) ? pickItems(schema, known) : isType(schema, 'array') ? unnamed : nothingOf
  return value => (Array.isArray(value) ? items(value) : isObject(value) ? members(value) : value)
}

function pickItems(schema: Schema, known: Definitions): (value: readonly unknown[]) => unknown {
  const { items, prefixItems, additionalItems } = schema
  const listed = isList(items)
  const first = (listed ? items : (prefixItems ?? [])).map(item => whole(item, known))
  const others = whole((listed ? additionalItems : items) ?? true, known)
  return value => value.map((item, i) => (first[i] ?? others)(item))
}

const isList = (items: Schema['items']): items is readonly SchemaLike[] => Array.isArray(items)

function pickMembers(
  schema: Schema,
  known: Definitions,
): (value: Readonly<Record<string, unknown>>) => unknown {
  const members = Object.entries(schema.properties ?? {}).map(
    ([name, member]) => [name, whole(member, known)] as const,
  )
  const names = new Set(members.map(([name]) => name))
  const patterns = Object.entries(schema.patternProperties ?? {}).map(
    ([pattern, member]) => [new RegExp(pattern, 'u'), whole(member, known)] as const,
  )
  const { additionalProperties = false } = schema
  const others = additionalProperties === false ? null : whole(additionalProperties, known)
  return value => {
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
