import { Ajv, type AnySchema, type ValidateFunction } from 'ajv'
import type { FastifySchemaValidationError } from 'fastify'
import { LINE } from './shapes/shape.ts'

const options = { strict: true, allowUnionTypes: true } as const
/** Of a URL, where everything is text. */
const texts = new Ajv({ ...options, coerceTypes: true, useDefaults: true })
const bodies = new Ajv(options)

/**
 * What Fastify checks a part of a request by; `httpPart` is `querystring`, `params`, `body` or `headers`. A schema is
 * compiled when the first request needs it: those of all routes together would be most of what the first of all waits for.
 */
export function validatorOf({ schema, httpPart }: { schema: unknown; httpPart?: string }): ValidateFunction {
  const ajv = httpPart === 'body' ? bodies : texts
  let compiled: ValidateFunction | null = null
  const validate = (value: unknown): boolean => {
    compiled ??= ajv.compile(schema as AnySchema)
    const passes = compiled(value)
    result.errors = compiled.errors ?? null
    return passes
  }
  // Of what a function of ajv's has beside, nobody here asks.
  const result = validate as ValidateFunction
  return result
}

/** What is told of what a validator has found. */
export function validationError(errors: readonly FastifySchemaValidationError[], part: string): Error {
  return new Error(`${part === 'querystring' ? 'query' : part}: ${errors.map(said).join('; ')}`)
}

function said({ instancePath, keyword, params, message = '' }: FastifySchemaValidationError): string {
  const name = instancePath.slice(1).replaceAll('/', '.')
  const { additionalProperty, allowedValues } = params
  if (keyword === 'additionalProperties') return `"${String(additionalProperty)}" is not known`
  const where = `${name}${name === '' ? '' : ' '}`
  if (params['pattern'] === LINE)
    return `${where}has a character that is no text, expected one line without controls`
  const values = Array.isArray(allowedValues) ? `: ${allowedValues.join(', ')}` : ''
  return `${where}${message}${values}`
}
