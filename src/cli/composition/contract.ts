import { mapOf } from '../import/faults.ts'
import { resolve } from '../import/references.ts'
import { comment, quoted, SchemaTypes } from './schema-type.ts'

type Json = Readonly<Record<string, unknown>>

const METHODS = ['get', 'put', 'post', 'patch', 'delete'] as const
const PLACES = ['query', 'header', 'path'] as const

/**
 * The types of a contract, of an OpenAPI document (3.0, 3.1) without faults: `paths` as openapi-typescript writes it,
 * which `rest<paths>()` takes, and `components`. The same document makes the same text.
 */
export function contractOf(document: Json, source: string): string {
  return new Contract(document).text(source)
}

class Contract {
  private readonly document: Json
  private readonly schemas: SchemaTypes

  constructor(document: Json) {
    this.document = document
    this.schemas = new SchemaTypes(document)
  }

  text(source: string): string {
    return [
      comment(`Types of ${source}, by portcullis composition gen. Changes of it are lost with the next.`, ''),
      `export interface paths {\n${this.paths()}}\n\n`,
      `export interface components {\n  "schemas": {\n${this.components()}  }\n}\n`,
    ].join('')
  }

  private paths(): string {
    return Object.entries(mapOf(this.document['paths']) ?? {})
      .map(([path, item]) => {
        const found = this.at(item)
        const operations = METHODS.filter(method => mapOf(found[method]) !== null)
        return operations.length === 0
          ? ''
          : `  ${quoted(path)}: {\n${operations.map(method => this.operation(method, found)).join('')}  }\n`
      })
      .join('')
  }

  private components(): string {
    const own = mapOf(mapOf(this.document['components'])?.['schemas']) ?? {}
    const text = ([name, schema]: readonly [string, unknown]): string =>
      `${comment(mapOf(schema)?.['description'], '    ')}    ${quoted(name)}: ${this.schemas.type(schema, '    ')}\n`
    // In this order: what the first refer to is among the second.
    return [...Object.entries(own).map(text), ...this.schemas.ofOtherFiles().map(text)].join('')
  }

  private operation(method: (typeof METHODS)[number], item: Json): string {
    const operation = mapOf(item[method])!
    const about = [operation['summary'], operation['description']]
      .filter(text => typeof text === 'string')
      .join('\n\n')
    return [
      comment(about, '    '),
      `    ${quoted(method)}: {\n`,
      this.parameters(item, operation),
      this.requestBody(operation),
      this.responses(operation),
      '    }\n',
    ].join('')
  }

  /** Those of the path, and over them those of the operation. */
  private parameters(item: Json, operation: Json): string {
    const all = new Map<string, Json>()
    for (const one of [...listOf(item['parameters']), ...listOf(operation['parameters'])]) {
      const parameter = this.at(one)
      all.set(`${String(parameter['in'])} ${String(parameter['name'])}`, parameter)
    }
    const places = PLACES.map(place =>
      this.place(
        place,
        [...all.values()].filter(one => one['in'] === place),
      ),
    ).join('')
    return places === '' ? '' : `      "parameters": {\n${places}      }\n`
  }

  private place(place: (typeof PLACES)[number], parameters: readonly Json[]): string {
    if (parameters.length === 0) return ''
    const isRequired = (one: Json) => place === 'path' || one['required'] === true
    // Its members are parameters themselves (style form, explode).
    const spread = place === 'query' ? parameters.filter(one => this.isSpread(one)) : []
    const members = parameters
      .filter(one => !spread.includes(one))
      .map(one => {
        const optional = isRequired(one) ? '' : '?'
        return `${comment(one['description'], '          ')}          ${quoted(String(one['name']))}${optional}: ${this.parameter(one)}\n`
      })
    const more = spread.map(one => {
      const type = this.schemas.type(one['schema'], '          ')
      return ` & ${isRequired(one) ? type : `Partial<${type}>`}`
    })
    return `        ${quoted(place)}${parameters.some(isRequired) ? '' : '?'}: {\n${members.join('')}        }${more.join('')}\n`
  }

  /** What is not sent name by name, as lists joined by a comma and values in JSON are, is the text that is sent. */
  private parameter(one: Json): string {
    const { schema, content, style, explode } = one
    if (content !== undefined) return 'string'
    const isJoined = one['in'] === 'query' && (explode === false || String(style).endsWith('Delimited'))
    return isJoined && this.at(schema)['type'] === 'array'
      ? 'string'
      : this.schemas.type(schema, '          ')
  }

  private isSpread({ style = 'form', explode = true, schema }: Json): boolean {
    return style === 'form' && explode === true && 'properties' in this.at(schema)
  }

  private requestBody(operation: Json): string {
    if (operation['requestBody'] === undefined) return ''
    const body = this.at(operation['requestBody'])
    const optional = body['required'] === true ? '' : '?'
    return `      "requestBody"${optional}: {\n${this.content(body)}      }\n`
  }

  private responses(operation: Json): string {
    const responses = Object.entries(mapOf(operation['responses']) ?? {}).map(([status, response]) => {
      const name = /^\d{3}$/.test(status)
        ? status
        : quoted(status.toUpperCase().replace('DEFAULT', 'default'))
      return `        ${name}: {\n${this.content(this.at(response), '  ')}        }\n`
    })
    return `      "responses": {\n${responses.join('')}      }\n`
  }

  private content(of: Json, more = ''): string {
    const types = Object.entries(mapOf(of['content']) ?? {})
    const indent = `        ${more}`
    if (types.length === 0) return `${indent}"content"?: never\n`
    const members = types.map(
      ([type, media]) => `${indent}  ${quoted(type)}: ${this.media(type, media, `${indent}  `)}\n`,
    )
    return `${indent}"content": {\n${members.join('')}${indent}}\n`
  }

  /** As calls bring it: JSON as its schema says, text as text, all else as bytes. */
  private media(type: string, media: unknown, indent: string): string {
    if (/^(?:application\/(?:[\w.+-]+\+)?json|\*\/\*)\s*(?:;|$)/i.test(type))
      return this.schemas.type(mapOf(media)?.['schema'], indent)
    return /^text\//i.test(type) ? 'string' : 'Uint8Array'
  }

  /** A part of the document, or what it refers to. */
  private at(value: unknown): Json {
    let map = mapOf(value)
    for (let steps = 0; typeof map?.['$ref'] === 'string' && steps < 16; steps++)
      map = mapOf(resolve(this.document, map['$ref']))
    return map ?? {}
  }
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
