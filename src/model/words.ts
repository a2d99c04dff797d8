import type { ErrorObject } from 'ajv'
import { nearest, proposal } from './nearest.ts'
import type { FieldPath } from './resource.ts'

/** One error of the schema check: where, and `what is wrong, what is expected`. */
export interface Fault {
  readonly path: FieldPath
  readonly message: string
}

/** A field of something of unknown type. */
export function fieldOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? Reflect.get(value, key)
    : undefined
}

/** Puts an error of ajv (made with `verbose`) into words. `root` is what was validated. */
export function faultOf(error: ErrorObject, root: unknown): Fault {
  const path = pathOf(error.instancePath, root)
  const schema: unknown = error.parentSchema
  const { keyword, data } = error
  const params: unknown = error.params
  switch (keyword) {
    case 'additionalProperties': {
      const name = String(fieldOf(params, 'additionalProperty'))
      return { path: [...path, name], message: unknownField(name, schema) }
    }
    case 'required': {
      const name = String(fieldOf(params, 'missingProperty'))
      return {
        path: [...path, name],
        message: `is required, expected ${describe(fieldOf(fieldOf(schema, 'properties'), name))}`,
      }
    }
    case 'uniqueItems': {
      // ajv names the pair in an order that depends on the type of the items.
      const index = Math.max(Number(fieldOf(params, 'i')), Number(fieldOf(params, 'j')))
      return { path: [...path, index], message: 'is in this list twice, expected it once' }
    }
    case 'uniqueBy': {
      const key = String(fieldOf(schema, 'uniqueBy'))
      return {
        path: [...path, firstRepeated(data, key), key],
        message: `is the ${key} of another item of this list, expected one of its own`,
      }
    }
    default:
      return {
        path,
        message: `${wrong(keyword, data, schema)}, expected ${describe(schema, keyword.endsWith('Length'))}${hint(keyword, data, schema)}`,
      }
  }
}

/** The field that an unknown one was probably to be, or null. */
export function meantBy(
  { keyword, params, parentSchema, instancePath }: ErrorObject,
  root: unknown,
): FieldPath | null {
  if (keyword !== 'additionalProperties') return null
  const known = Object.keys(fieldOf(parentSchema, 'properties') ?? {})
  const name = nearest(String(fieldOf(params, 'additionalProperty')), known)
  return name === undefined ? null : [...pathOf(instancePath, root), name]
}

/** A JSON Pointer as a path; numbers are indexes only where there is an array. */
function pathOf(pointer: string, root: unknown): FieldPath {
  const path: (string | number)[] = []
  let value = root
  for (const part of pointer.split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~')
    const step = Array.isArray(value) ? Number(name) : name
    path.push(step)
    value = Array.isArray(value) ? value[Number(name)] : fieldOf(value, name)
  }
  return path
}

function unknownField(name: string, schema: unknown): string {
  const known = Object.keys(fieldOf(schema, 'properties') ?? {})
  const near = proposal(name, known)
  return near === '' ? `unknown field, expected ${oneOf(known)}` : `unknown field${near}`
}

function wrong(keyword: string, data: unknown, schema: unknown): string {
  const secret = fieldOf(schema, 'writeOnly') === true
  switch (keyword) {
    case 'type':
      return `is ${typeWord(data)}`
    case 'enum':
      return typeof data === 'string' && !secret
        ? `unknown value ${quoted(data)}${proposal(data, strings(fieldOf(schema, 'enum')))}`
        : `is ${scalarWord(data, secret)}`
    case 'minimum':
    case 'maximum':
      return `is ${scalarWord(data, secret)}`
    case 'minLength':
      return data === '' ? 'is empty text' : 'is too short'
    case 'maxLength':
      return `has ${typeof data === 'string' ? Array.from(data).length : 0} characters`
    case 'minItems':
    case 'maxItems':
      return Array.isArray(data) && data.length > 0 ? `has ${data.length} items` : 'is an empty list'
    case 'maxProperties':
      return `has ${Object.keys(data ?? {}).length} entries`
    default:
      return typeof data === 'string' && !secret ? `${quoted(data)} is not valid` : 'is not valid'
  }
}

/** What a schema takes, completing "expected …". Lengths are told beside a pattern's words only where they matter. */
function describe(schema: unknown, withLength = false): string {
  const choices = fieldOf(schema, 'enum')
  if (Array.isArray(choices)) return oneOf(choices)
  const words = fieldOf(schema, 'expected')
  if (typeof words === 'string') return withLength ? `${words}${lengthWords(schema)}` : words
  const type = fieldOf(schema, 'type')
  if (Array.isArray(type)) return type.map(t => typeWords(String(t), schema)).join(' or ')
  return typeWords(String(type), schema)
}

function typeWords(type: string, schema: unknown): string {
  switch (type) {
    case 'integer':
      return `an integer${range(schema, 'minimum', 'maximum', n => `from ${n[0]} to ${n[1]}`, '')}`
    case 'string':
      return `text${lengthWords(schema)}`
    case 'array':
      return `a list${range(schema, 'minItems', 'maxItems', n => `of ${n[0]} to ${n[1]} items`, 'items')}`
    case 'object':
      return `an object${range(schema, 'minProperties', 'maxProperties', n => `of ${n[0]} to ${n[1]} entries`, 'entries')}`
    case 'boolean':
      return 'true or false'
    default:
      return type === 'undefined' ? 'a value' : `a ${type}`
  }
}

function lengthWords(schema: unknown): string {
  const words = range(schema, 'minLength', 'maxLength', n => `of ${n[0]} to ${n[1]} characters`, 'characters')
  return fieldOf(schema, 'expected') === undefined ? words : words.replace(/^ of/, ',')
}

function range(
  schema: unknown,
  low: string,
  high: string,
  both: (n: [number, number]) => string,
  unit: string,
): string {
  const min = Number(fieldOf(schema, low) ?? 0)
  const max = fieldOf(schema, high)
  const of = unit === '' ? '' : 'of '
  const tail = unit === '' ? '' : ` ${unit}`
  if (typeof max === 'number')
    return min > 0 || unit === '' ? ` ${both([min, max])}` : ` ${of}at most ${max}${tail}`
  return min > 0 ? ` ${of}at least ${min}${tail}` : ''
}

/** YAML's quotes are the usual reason for text in place of a number and the other way round. */
function hint(keyword: string, data: unknown, schema: unknown): string {
  if (keyword !== 'type') return ''
  const type = fieldOf(schema, 'type')
  if (type === 'string' && (typeof data === 'number' || typeof data === 'boolean'))
    return wouldFit(String(data), schema) ? ' (put it in quotes)' : ''
  const bare = type === 'integer' ? /^[0-9]+$/ : /^(true|false)$/
  return (type === 'integer' || type === 'boolean') && typeof data === 'string' && bare.test(data)
    ? ' (without quotes)'
    : ''
}

/** Whether quotes are all that is missing: 10 in them is no duration either. */
function wouldFit(text: string, schema: unknown): boolean {
  const pattern = fieldOf(schema, 'pattern')
  if (typeof pattern === 'string') return new RegExp(pattern).test(text)
  return fieldOf(schema, 'format') === undefined
}

function typeWord(data: unknown): string {
  if (data === null) return 'empty'
  if (Array.isArray(data)) return 'a list'
  if (typeof data === 'number') return Number.isInteger(data) ? 'an integer' : 'a number'
  return { string: 'text', boolean: 'a boolean', object: 'an object' }[typeof data as string] ?? 'no value'
}

function scalarWord(data: unknown, secret: boolean): string {
  return typeof data === 'number' && !secret ? String(data) : typeWord(data)
}

function oneOf(choices: readonly unknown[]): string {
  const words = choices.map(c => JSON.stringify(c))
  return words.length === 1 ? words.join('') : `one of ${words.join(', ')}`
}

/** Long values are cut: a message is one line. */
function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text)
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter(v => typeof v === 'string') : []
}

/** Index of the first item whose `key` an item before it has; -1 where there is none. */
export function firstRepeated(items: unknown, key: string): number {
  if (!Array.isArray(items)) return -1
  const seen = new Set<unknown>()
  return items.findIndex(item => {
    const value = fieldOf(item, key)
    if (value !== undefined && seen.has(value)) return true
    seen.add(value)
    return false
  })
}
