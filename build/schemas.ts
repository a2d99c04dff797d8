import { join } from 'node:path'
import { _ } from 'ajv'
import standalone from 'ajv/dist/standalone/index.js'
import type { Plugin } from 'rolldown'
import { kinds } from '../src/cli/roles.ts'
import { metadataSchema } from '../src/model/metadata.ts'
import { qualifiedKind } from '../src/model/resources.ts'
import { schemaAjv } from '../src/model/schema-compiler.ts'

/**
 * Puts functions in the place of `schema-compiler.ts` that say of a value only whether it passes, which is all that is
 * asked of most (`passes.js`). ajv itself, and schemas compiled so that they say what is wrong (five times the code),
 * are in `schemas.js`, for when something is.
 */
export function compiledSchemas(model: string): Plugin {
  return replacing('compiled-schemas', join(model, 'schema-compiler.ts'), inPlaceOfCompiler)
}

/** The module of these functions, by the names that validation has for schemas, in the place of a file that need not be there. */
export function passes(file: string): Plugin {
  return replacing('passes', file, passesModule)
}

function replacing(name: string, file: string, code: () => string): Plugin {
  return {
    name,
    resolveId: id => (id === file ? id : null),
    load: id => (id === file ? { code: code(), moduleType: 'js' } : null),
  }
}

function passesModule(): string {
  const ajv = schemaAjv({ source: true, esm: true, formats: _`formats` })
  const schemas = [
    ['metadata', metadataSchema] as const,
    ...kinds.all.map(kind => [qualifiedKind(kind), kind.schema] as const),
  ]
  // Within `not`, ajv makes no errors.
  for (const [i, [, schema]] of schemas.entries()) ajv.addSchema({ not: { not: schema } }, `passes${i}`)
  const names = schemas.map((_schema, i) => `passes${i}`)
  const functions = standalone.default(ajv, Object.fromEntries(names.map(name => [name, name])))
  const rows = schemas.map(([name], i) => `  [${JSON.stringify(name)}, passes${i}],\n`)
  return `
import { formats } from './formats.ts'
import { firstRepeated } from './words.ts'
${functions}
export const all = new Map([
${rows.join('')}])
`
}

function inPlaceOfCompiler(): string {
  return `
const { all } = require(__dirname + '/passes.js')

export function compileSchema(schema, name) {
  const passesIt = all.get(name)
  let thorough
  return function check(value) {
    if (passesIt?.(value)) return true
    thorough ??= require(__dirname + '/schemas.js').compileSchema(schema, name)
    const passed = thorough(value)
    check.errors = thorough.errors
    return passed
  }
}
`
}
