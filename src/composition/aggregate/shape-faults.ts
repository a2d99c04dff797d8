import { Compile, type Validator } from 'typebox/compile'
import { aggregateSchema } from '../../model/kinds/aggregate/aggregate.ts'
import type { Fault, Place } from './faults.ts'

type Schema = Readonly<Record<string, unknown>>

let validator: Validator | null = null

/** What the schema has to say of a declaration. The gateway says that in its own words when it reads one; in a test nobody has looked at it before. */
export function shapeFaults(aggregate: unknown): readonly Fault[] {
  validator ??= Compile(aggregateSchema)
  if (validator.Check(aggregate)) return []
  const faults = validator.Errors(aggregate).map(({ keyword, instancePath, message, schemaPath }) => ({
    keyword,
    path: placeOf(instancePath, aggregate),
    message: worded(keyword, message, schemaPath),
  }))
  // That something does not fit which is in it is no second fault of what it is in.
  return faults.filter(
    ({ keyword, path }) =>
      keyword !== 'additionalProperties' || !faults.some(other => isBelow(other.path, path)),
  )
}

const isBelow = (path: Place, above: Place): boolean =>
  path.length > above.length && above.every((step, i) => step === path[i])

/** A JSON Pointer; numbers are places where there is a list. */
function placeOf(pointer: string, root: unknown): Place {
  let value = root
  return pointer
    .split('/')
    .slice(1)
    .map(token => {
      const name = token.replaceAll('~1', '/').replaceAll('~0', '~')
      const step = Array.isArray(value) ? Number(name) : name
      value = (value as Schema | undefined)?.[name]
      return step
    })
}

function worded(keyword: string, message: string, schemaPath: string): string {
  const schemas = schemasAlong(schemaPath)
  if (keyword === 'boolean') {
    const { properties = {} } = schemas.at(-1) as { readonly properties?: object }
    return `is unknown, expected one of: ${Object.keys(properties).join(', ')}`
  }
  const { expected } = schemas.at(-1) as { readonly expected?: string }
  return expected === undefined ? message : `${message}, expected ${expected}`
}

function schemasAlong(path: string): readonly Schema[] {
  const schemas: Schema[] = [aggregateSchema as unknown as Schema]
  for (const token of path.replace(/^#?\//, '').split('/')) {
    const next = schemas.at(-1)![token]
    if (typeof next !== 'object' || next === null) break
    schemas.push(next as Schema)
  }
  return schemas
}
