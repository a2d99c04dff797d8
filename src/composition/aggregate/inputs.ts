import { Type, type TObject, type TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import type { In } from '../routes/route.ts'
import { allowList } from '../schemas/allow-list.ts'
import type { RouteDeclaration } from '../../model/kinds/aggregate/aggregate.ts'
import type { InputDeclaration } from '../../model/kinds/aggregate/inputs.ts'
import type { Faults, Place } from './faults.ts'

/** What a route takes, as the engine has it. */
export function inputsOf(route: RouteDeclaration, place: Place, faults: Faults): In {
  const { params, query, headers, body } = route
  return {
    ...(params && { params: objectOf('params', params, [...place, 'params'], faults) }),
    ...(query && { query: objectOf('query', query, [...place, 'query'], faults) }),
    ...(headers && { headers: objectOf('headers', headers, [...place, 'headers'], faults) }),
    ...(body && { body: understood(body, [...place, 'body'], faults) }),
  }
}

/** A schema that somebody has written, where it is known what it lets pass, and checks can be made of it. */
export function understood(schema: Readonly<Record<string, unknown>>, place: Place, faults: Faults): TSchema {
  faults.hold(place, () => {
    allowList(schema)
    Compile(schema)
  })
  return schema
}

function objectOf(
  where: 'params' | 'query' | 'headers',
  inputs: Readonly<Record<string, InputDeclaration>>,
  place: Place,
  faults: Faults,
): TObject {
  const members: Record<string, TSchema> = {}
  for (const [name, input] of Object.entries(inputs)) {
    const at = [...place, name]
    check(where, name, input, at, faults)
    const schema = faults.hold([...at, 'pattern'], () => schemaOf(input)) ?? Type.String()
    if (input.default !== undefined && !Compile(schema).Check(input.default))
      faults.add(
        [...at, 'default'],
        `${JSON.stringify(input.default)} does not fit, expected what the input may be`,
      )
    members[name] = input.required === true || where === 'params' ? schema : Type.Optional(schema)
  }
  return Type.Object(members)
}

function check(
  where: 'params' | 'query' | 'headers',
  name: string,
  { list, required, default: standard }: InputDeclaration,
  at: Place,
  faults: Faults,
): void {
  if (!/^[A-Za-z_][\w-]*$/.test(name) || name === '__proto__')
    faults.add(at, `${JSON.stringify(name)} cannot be named in braces, expected letters, digits, "_" and "-"`)
  if (where === 'headers' && name !== name.toLowerCase())
    faults.add(at, `has upper case, expected ${JSON.stringify(name.toLowerCase())}`)
  if (list === true && where !== 'query')
    faults.add([...at, 'list'], 'is true, expected lists in "query" alone')
  if (standard === undefined) return
  if (where === 'params')
    faults.add([...at, 'default'], 'is there, expected none: a path has all of its names')
  else if (required === true)
    faults.add([...at, 'default'], 'is there beside "required", expected one of both')
}

function schemaOf({
  type = 'string',
  list,
  required: _,
  default: standard,
  description,
  enum: values,
  ...limits
}: InputDeclaration): TSchema {
  if (limits.pattern !== undefined) void new RegExp(limits.pattern, 'u')
  const about = {
    ...(description !== undefined && { description }),
    ...(standard !== undefined && { default: standard }),
  }
  // Made by TypeBox, not spread: it tells by hidden members what text is to be converted to.
  const one = list === true ? limits : { ...limits, ...about }
  const schema = values === undefined ? makers[type](one) : Type.Enum(values as [string], one)
  return list === true ? Type.Array(schema, about) : schema
}

const makers = {
  string: Type.String,
  integer: Type.Integer,
  number: Type.Number,
  boolean: Type.Boolean,
} as const
