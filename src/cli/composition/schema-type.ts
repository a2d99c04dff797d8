import { mapOf } from '../import/faults.ts'
import { pointerKey, resolve } from '../import/references.ts'
import { OTHERS } from './folder/other-files.ts'

type Json = Readonly<Record<string, unknown>>

/** A property name or a literal, as TypeScript has it. */
export const quoted = (text: string): string => JSON.stringify(text)

/** What a description becomes: what editors show. Nothing of it may end the comment. */
export function comment(text: unknown, indent: string): string {
  if (typeof text !== 'string' || text.trim() === '') return ''
  const lines = text.trim().replaceAll('*/', '*\\/').split(/\r?\n/)
  if (lines.length === 1) return `${indent}/** ${lines[0]!.trim()} */\n`
  return `${indent}/**\n${lines.map(line => `${indent} * ${line}`.trimEnd()).join('\n')}\n${indent} */\n`
}

/**
 * The TypeScript type of a JSON Schema, in the dialects of OpenAPI 3.0 (`nullable`) and 3.1. What a type cannot say
 * (`minLength`, `not`, `if`) is left out; what cannot be had (a file elsewhere) is `unknown`.
 */
export class SchemaTypes {
  private readonly document: unknown
  /** References that are being followed: one that leads to itself has no end. */
  private readonly following = new Set<string>()
  /** Of other files, by their references: they have names as the document's own components have. */
  private readonly others = new Map<string, string>()

  constructor(document: unknown) {
    this.document = document
  }

  type(schema: unknown, indent = ''): string {
    if (schema === false) return 'never'
    const map = mapOf(schema)
    if (map === null) return 'unknown'
    if (typeof map['$ref'] === 'string') return this.referred(map['$ref'], indent)
    const type = this.sum(map, indent)
    return map['nullable'] === true && type !== 'unknown' ? union([type, 'null']) : type
  }

  /** Schemas of other files that have been referred to, and those that they refer to, with their names. */
  *ofOtherFiles(): Generator<readonly [name: string, schema: unknown]> {
    for (const [reference, name] of this.others) yield [name, resolve(this.document, reference)]
  }

  /** `Pet` of `#/…/types.yaml/components/schemas/Pet`, or `pet` of `#/…/pet.yaml`; another one where that is taken. */
  private nameOfOther(reference: string): string {
    const known = this.others.get(reference)
    if (known !== undefined) return known
    const last = pointerKey(reference.slice(reference.lastIndexOf('/') + 1))
    const plain = last.replace(/^.*\//, '').replace(/\.(?:ya?ml|json)$/, '')
    const taken = new Set([...Object.keys(this.components()), ...this.others.values()])
    let name = plain
    for (let i = 2; taken.has(name); i++) name = `${plain}_${i}`
    this.others.set(reference, name)
    return name
  }

  private components(): Json {
    return mapOf(mapOf(mapOf(this.document)?.['components'])?.['schemas']) ?? {}
  }

  /** Components are named; what else is referred to stands where the reference was. */
  private referred(reference: string, indent: string): string {
    const name = /^#\/components\/schemas\/([^/]+)$/.exec(reference)?.[1]
    const target = resolve(this.document, reference)
    if (target == null || this.following.has(reference)) return 'unknown'
    if (reference.startsWith(`#/${OTHERS}/`))
      return `components["schemas"][${quoted(this.nameOfOther(reference))}]`
    if (name !== undefined) return `components["schemas"][${quoted(pointerKey(name))}]`
    this.following.add(reference)
    const type = this.type(target, indent)
    this.following.delete(reference)
    return type
  }

  /** What a schema says by several keywords holds at once. */
  private sum(map: Json, indent: string): string {
    if ('const' in map) return literal(map['const'])
    if (Array.isArray(map['enum'])) return union(map['enum'].map(literal))
    const parts: string[] = []
    const own = this.own(map, indent)
    if (own !== null) parts.push(own)
    for (const one of listOf(map['allOf'])) parts.push(this.type(one, indent))
    for (const keyword of ['oneOf', 'anyOf'])
      if (listOf(map[keyword]).length > 0)
        parts.push(union(listOf(map[keyword]).map(one => this.choice(one, map['discriminator'], indent))))
    const said = parts.filter(part => part !== 'unknown')
    return said.length === 0 ? 'unknown' : said.length === 1 ? said[0]! : said.map(grouped).join(' & ')
  }

  /** One of several; where a discriminator tells them apart, with the value that this one has. */
  private choice(one: unknown, discriminator: unknown, indent: string): string {
    const type = this.type(one, indent)
    const reference = mapOf(one)?.['$ref']
    const { propertyName, mapping } = mapOf(discriminator) ?? {}
    if (typeof reference !== 'string' || typeof propertyName !== 'string') return type
    if (this.tells(one, propertyName)) return type
    const name = pointerKey(reference.slice(reference.lastIndexOf('/') + 1))
    const values = Object.entries(mapOf(mapping) ?? {})
      .filter(([, target]) => target === reference || target === name)
      .map(([value]) => value)
    return `${grouped(type)} & { ${quoted(propertyName)}: ${union((values.length > 0 ? values : [name]).map(quoted))} }`
  }

  /** Whether a schema says itself which values a property has. */
  private tells(schema: unknown, property: string, deep = 0): boolean {
    const map = mapOf(schema)
    if (map === null || deep > 8) return false
    if (typeof map['$ref'] === 'string')
      return this.tells(resolve(this.document, map['$ref']), property, deep + 1)
    const said = mapOf(mapOf(map['properties'])?.[property])
    if (said !== null && ('const' in said || 'enum' in said || '$ref' in said)) return true
    return listOf(map['allOf']).some(one => this.tells(one, property, deep + 1))
  }

  private own(map: Json, indent: string): string | null {
    const { type } = map
    if (Array.isArray(type)) return union(type.map(one => this.ofType(String(one), map, indent)))
    if (typeof type === 'string') return this.ofType(type, map, indent)
    if ('properties' in map || 'additionalProperties' in map) return this.object(map, indent)
    return 'items' in map || 'prefixItems' in map ? this.array(map, indent) : null
  }

  private ofType(type: string, map: Json, indent: string): string {
    if (type === 'integer' || type === 'number') return 'number'
    if (type === 'string' || type === 'boolean' || type === 'null') return type
    if (type === 'array') return this.array(map, indent)
    return type === 'object' ? this.object(map, indent) : 'unknown'
  }

  private array({ items, prefixItems }: Json, indent: string): string {
    const first = listOf(prefixItems).map(one => this.type(one, indent))
    if (first.length === 0) return `${grouped(this.type(items, indent))}[]`
    const rest = items === false ? '' : `, ...${grouped(this.type(items, indent))}[]`
    return `[${first.join(', ')}${rest}]`
  }

  private object(map: Json, indent: string): string {
    const properties = Object.entries(mapOf(map['properties']) ?? {})
    const required = new Set(listOf(map['required']))
    const others = map['additionalProperties']
    const open = others === undefined ? properties.length === 0 && required.size === 0 : others !== false
    const index = open ? `{ [name: string]: ${this.type(others, indent)} }` : null
    if (properties.length === 0) return index ?? 'Record<string, never>'
    const inner = `${indent}  `
    const members = properties.map(([name, property]) => {
      const optional = required.has(name) ? '' : '?'
      return `${comment(mapOf(property)?.['description'], inner)}${inner}${quoted(name)}${optional}: ${this.type(property, inner)}\n`
    })
    const object = `{\n${members.join('')}${indent}}`
    // Members that are named need not be of the type of the others.
    return index === null ? object : `${object} & ${index}`
  }
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

function literal(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return JSON.stringify(value)
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : 'unknown'
}

function union(types: readonly string[]): string {
  const distinct = [...new Set(types)]
  return distinct.includes('unknown')
    ? 'unknown'
    : distinct.length === 0
      ? 'never'
      : distinct.map(grouped).join(' | ')
}

/** In parentheses where it is put together with others, unless it is one word, or the name of a component. */
const grouped = (type: string): string =>
  /^(?:[\w.]+|"(?:[^"\\]|\\.)*"|components\["schemas"\]\["(?:[^"\\]|\\.)*"\])$/.test(type)
    ? type
    : `(${type})`
