import { _, Ajv, type Code, type CodeKeywordDefinition, type ValidateFunction } from 'ajv'
import type { TSchema } from 'typebox'
import { formats } from './formats.ts'
import { firstRepeated } from './words.ts'

// The build puts in place of this file what it makes of the schemas (build/schemas.ts): to load ajv, and to compile
// with it what a small gateway needs, took a third of the time of its start.

/** With `code`, for functions that are written to a file; it says by which name they find `formats` there. */
export function schemaAjv(code?: { readonly source: true; readonly esm: true; readonly formats: Code }): Ajv {
  const ajv = new Ajv({
    strict: true,
    allErrors: true,
    verbose: true,
    allowUnionTypes: true,
    ...(code && { code }),
  })
  // No useDefaults, no coerceTypes, no removeAdditional: what the user wrote is what translation sees.
  ajv.addKeyword({ keyword: 'expected', schemaType: 'string' })
  ajv.addKeyword(uniqueBy)
  for (const [name, format] of Object.entries(formats)) ajv.addFormat(name, format)
  return ajv
}

const uniqueBy: CodeKeywordDefinition = {
  keyword: 'uniqueBy',
  type: 'array',
  schemaType: 'string',
  code(context) {
    const find = context.gen.scopeValue('func', { ref: firstRepeated, code: _`firstRepeated` })
    context.fail(_`${find}(${context.data}, ${String(context.schema)}) >= 0`)
  },
}

const ajv = schemaAjv()

/** What checks values against a schema; the build finds what it has made of it by the name. */
export function compileSchema(schema: TSchema, _name: string): ValidateFunction {
  return ajv.compile(schema)
}
