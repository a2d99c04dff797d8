import type { ValidateFunction } from 'ajv'
import type { TSchema } from 'typebox'
import { compileSchema } from './schema-compiler.ts'
import { faultOf, meantBy, type Fault } from './words.ts'

const compiled = new WeakMap<TSchema, ValidateFunction>()

/**
 * Everything that is wrong with a value by its schema, at most one fault a field; [] where nothing is. `name` is of the
 * schema, which the build compiles beforehand: `metadata`, or the kind as kubectl names it with its group.
 */
export function schemaFaults(name: string, schema: TSchema, value: unknown): readonly Fault[] {
  let check = compiled.get(schema)
  if (check === undefined) {
    check = compileSchema(schema, name)
    compiled.set(schema, check)
  }
  if (check(value)) return []
  const errors = check.errors ?? []
  const misspelt = new Set(errors.map(error => JSON.stringify(meantBy(error, value))))
  const byPath = new Map<string, Fault>()
  for (const error of errors) {
    const fault = faultOf(error, value)
    const key = JSON.stringify(fault.path)
    // It is there, by another name, which is told: one mistake.
    if (error.keyword === 'required' && misspelt.has(key)) continue
    // An empty text is too short and fails its pattern: the first says enough.
    if (!byPath.has(key)) byPath.set(key, fault)
  }
  return [...byPath.values()]
}
