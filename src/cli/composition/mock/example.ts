import { mapOf } from '../../import/faults.ts'
import { resolve } from '../../import/references.ts'

type Json = Readonly<Record<string, unknown>>

const FORMATS: Readonly<Record<string, string>> = {
  'date-time': '2026-01-31T12:00:00Z',
  date: '2026-01-31',
  time: '12:00:00Z',
  duration: 'PT1H',
  uuid: '00000000-0000-4000-8000-000000000000',
  email: 'ada@example.com',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  uri: 'https://example.com/',
  'uri-reference': '/',
  byte: 'ZXhhbXBsZQ==',
}

/** A schema that contains itself ends here, where it may. */
const DEEPEST = 8

/** Values that fit schemas of a document (OpenAPI 3.0, 3.1): what the author gives as an example, else the same one always. */
export class Examples {
  private readonly document: unknown
  /** Schemas that are being made: one that contains itself is left out, where it may be. */
  private readonly making: unknown[] = []

  constructor(document: unknown) {
    this.document = document
  }

  of(given: unknown): unknown {
    const schema = this.follow(given)
    const said = authored(schema)
    if (said !== undefined) return said.value
    this.making.push(schema)
    try {
      return this.made(schema)
    } finally {
      this.making.pop()
    }
  }

  /** What is there, or what it refers to. */
  follow(value: unknown): Json {
    let map = mapOf(value)
    for (let steps = 0; typeof map?.['$ref'] === 'string' && steps < 16; steps++)
      map = mapOf(resolve(this.document, map['$ref']))
    return map ?? {}
  }

  private made(schema: Json): unknown {
    const parts = listOf(schema['allOf']).map(one => this.follow(one))
    if (parts.length > 0) return this.made(merged([...parts.map(part => this.flat(part)), schema]))
    for (const keyword of ['oneOf', 'anyOf'])
      if (listOf(schema[keyword]).length > 0) {
        const choices = listOf(schema[keyword])
        const first = choices.find(one => !this.making.includes(this.follow(one))) ?? choices[0]
        const { [keyword]: _, ...rest } = schema
        return this.of(Object.keys(rest).length === 0 ? first : merged([rest, this.flat(this.follow(first))]))
      }
    const type = typeOf(schema)
    if (type === 'object') return this.object(schema)
    if (type === 'array') return this.array(schema)
    if (type === 'string') return text(schema)
    if (type === 'integer' || type === 'number') return number(schema, type === 'integer' ? 1 : 0.5)
    return type === 'boolean' ? true : null
  }

  /** A part of `allOf` may be one itself. */
  private flat(schema: Json): Json {
    const { allOf, ...rest } = schema
    return allOf === undefined
      ? schema
      : merged([...listOf(allOf).map(one => this.flat(this.follow(one))), rest])
  }

  private object(schema: Json): Json {
    const required = new Set(listOf(schema['required']))
    const value: Record<string, unknown> = {}
    for (const [name, property] of Object.entries(mapOf(schema['properties']) ?? {})) {
      const followed = this.follow(property)
      if (followed['writeOnly'] === true || (!required.has(name) && this.recurs(followed))) continue
      value[name] = this.making.length > DEEPEST ? null : this.of(property)
    }
    const others = mapOf(schema['additionalProperties'])
    if (others !== null && Object.keys(value).length === 0 && !this.recurs(this.follow(others)))
      value['key'] = this.of(others)
    return value
  }

  private array(schema: Json): readonly unknown[] {
    const first = listOf(schema['prefixItems']).map(one => this.of(one))
    const { items, minItems } = schema
    const least = typeof minItems === 'number' ? minItems : 0
    if (items === false || (first.length > 0 && first.length >= least)) return first
    if (least === 0 && (items === undefined || this.recurs(this.follow(items)))) return first
    while (first.length < Math.max(1, Math.min(least, 100))) first.push(this.of(items ?? {}))
    return first
  }

  /** Whether it, or what it is a list of, is being made. */
  private recurs(schema: Json): boolean {
    return this.making.includes(schema)
  }
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

function authored(schema: Json): { readonly value: unknown } | undefined {
  if ('const' in schema) return { value: schema['const'] }
  if ('example' in schema) return { value: schema['example'] }
  if (listOf(schema['examples']).length > 0) return { value: listOf(schema['examples'])[0] }
  if ('default' in schema) return { value: schema['default'] }
  return listOf(schema['enum']).length > 0 ? { value: listOf(schema['enum'])[0] } : undefined
}

/** Later ones over earlier ones; members and what is required of all. */
function merged(schemas: readonly Json[]): Json {
  const { allOf: _, ...all } = Object.assign({}, ...schemas) as Record<string, unknown>
  const properties = Object.assign({}, ...schemas.map(one => mapOf(one['properties']) ?? {})) as Json
  const required = [...new Set(schemas.flatMap(one => listOf(one['required'])))]
  return { ...all, ...(Object.keys(properties).length > 0 && { properties, required }) }
}

function typeOf(schema: Json): unknown {
  const { type } = schema
  if (Array.isArray(type)) return (type as unknown[]).find(one => one !== 'null') ?? 'null'
  if (type !== undefined) return type
  if ('properties' in schema || 'additionalProperties' in schema) return 'object'
  return 'items' in schema || 'prefixItems' in schema ? 'array' : 'string'
}

function text({ format, minLength, maxLength }: Json): string {
  const plain = FORMATS[String(format)] ?? 'text'
  const least = typeof minLength === 'number' ? Math.min(minLength, 10_000) : 0
  const long = plain.padEnd(least, plain)
  return typeof maxLength === 'number' && maxLength < long.length ? long.slice(0, maxLength) : long
}

/** The first of the multiples, or of the steps, that is within the bounds. */
function number(schema: Json, step: number): number {
  const at = (name: string): number | null => (typeof schema[name] === 'number' ? schema[name] : null)
  // 3.0 has `exclusiveMinimum: true` beside `minimum`.
  const isOpen = (name: string) => schema[name] === true
  const by = at('multipleOf') ?? step
  const least = at('minimum') ?? at('exclusiveMinimum')
  const most = at('maximum') ?? at('exclusiveMaximum')
  if (least !== null) {
    const first = Math.ceil(least / by) * by
    const isOut = first === least && (isOpen('exclusiveMinimum') || at('exclusiveMinimum') === least)
    return isOut ? first + by : first
  }
  if (most === null || by <= most) return by
  const last = Math.floor(most / by) * by
  return last === most && (isOpen('exclusiveMaximum') || at('exclusiveMaximum') === most) ? last - by : last
}
