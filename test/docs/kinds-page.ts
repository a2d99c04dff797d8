import { kinds } from '../../src/cli/roles.ts'
import { jsonSchema } from '../../src/model/json-schema.ts'
import type { ResourceKind } from '../../src/model/kind.ts'
import { code, link, page, prose, table } from './markdown.ts'

/** What the page looks at of a JSON Schema. */
interface Schema {
  /** Of a shape that several fields have. */
  readonly title?: string
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly enum?: readonly (string | number)[]
  readonly const?: string
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: Schema | boolean
  readonly minimum?: number
  readonly maximum?: number
  readonly maxItems?: number
  readonly patternErrorMessage?: string
}

export function kindsPage(): string {
  const definitions = jsonSchema(kinds)['definitions'] as unknown as Readonly<Record<string, Schema>>
  const schemas = Object.values(definitions)
  const shapes = shapesIn(schemas)
  const list = (names: readonly string[]): string => names.map(link).join(', ')
  return page(
    'Kinds and their fields',
    'Everything that a file may hold. A field that is not here is an error. How our own kinds are meant: [POLICIES.md](../POLICIES.md). Editors show the same by the JSON Schema that `portcullis schema` prints.',
    `Kinds: ${list(kinds.all.map(({ kind }) => kind))}.`,
    `Shapes that several fields have: ${list([...shapes.keys()])}.`,
    '## Every object\n\n`apiVersion` and `kind` say what it is; `status`, which a cluster writes, is taken and not looked at.',
    fieldTable(insideFields('metadata', schemas[0]!.properties!['metadata']!)),
    ...kinds.all.map((kind, i) => kindPart(kind, schemas[i]!)),
    '## Shapes',
    ...[...shapes].map(([name, shape]) => `### ${name}\n\n${fieldTable(insideFields('', shape))}`),
  )
}

function kindPart({ kind, group, versions, scope, plural }: ResourceKind, schema: Schema): string {
  const where = scope === 'Cluster' ? 'belongs to no namespace' : 'in a namespace'
  const apiVersions = versions.map(version => code(group === '' ? version : `${group}/${version}`))
  const about = `apiVersion ${apiVersions.join(' or ')}; ${where}; \`kubectl get ${plural}\`.`
  return `## ${kind}\n\n${schema.description ?? ''}\n\n${about}\n\n${fieldTable(bodyFields(schema))}`
}

/** A shape is an object with a title of its own below a kind. */
function shapesIn(schemas: readonly Schema[]): ReadonlyMap<string, Schema> {
  const found = new Map<string, Schema>()
  const visit = (schema: Schema): void => {
    if (schema.title !== undefined) found.set(schema.title, schema)
    inner(schema).forEach(visit)
  }
  schemas.flatMap(inner).forEach(visit)
  return new Map([...found].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function inner({ properties = {}, items, additionalProperties }: Schema): Schema[] {
  const values = typeof additionalProperties === 'object' ? [additionalProperties] : []
  return [...Object.values(properties), ...values, ...(items === undefined ? [] : [items])]
}

interface Field {
  readonly path: string
  readonly schema: Schema
  readonly required: boolean
}

const common = ['apiVersion', 'kind', 'metadata', 'status']

function bodyFields(schema: Schema): Field[] {
  return insideFields('', schema).filter(({ path }) => !common.includes(path.split('.', 1)[0]!))
}

/** All fields below, as paths: `spec.rules[].matches[]`. What is in a shape is told with the shape. */
function insideFields(path: string, schema: Schema): Field[] {
  const { items, properties = {}, required = [], additionalProperties } = schema
  if (path !== '' && schema.title !== undefined) return []
  if (items !== undefined) return insideFields(`${path}[]`, items)
  const named = Object.entries(properties).flatMap(([name, field]) => {
    const at = path === '' ? name : `${path}.${name}`
    return [{ path: at, schema: field, required: required.includes(name) }, ...insideFields(at, field)]
  })
  return typeof additionalProperties === 'object'
    ? [...named, ...insideFields(`${path}.*`, additionalProperties)]
    : named
}

/** Said of a field, and nothing more that would help. */
const UNUSED = /not looked at here\.( Default: \w+\.)?$/i

/** What is read and of no use has no row: it would hide what matters. */
function fieldTable(fields: readonly Field[]): string {
  const unused = fields.filter(({ schema }) => UNUSED.test(schema.description ?? '')).map(({ path }) => path)
  const isInside = (path: string, outer: string): boolean => /^(\[\])?\./.test(path.slice(outer.length))
  const rows = fields
    .filter(({ path }) => !unused.some(one => path === one || (path.startsWith(one) && isInside(path, one))))
    .map(({ path, schema, required }) => [
      code(path),
      prose(typeText(schema)),
      `${required ? '**Required.** ' : ''}${prose(schema.description ?? '')}`,
    ])
  const outermost = unused.filter(path => !unused.some(one => path.startsWith(one) && isInside(path, one)))
  return [
    ...(rows.length === 0 ? [] : [table(['field', 'type', 'what'], rows)]),
    ...(unused.length === 0 ? [] : [`Taken, and not looked at: ${outermost.map(code).join(', ')}.`]),
  ].join('\n\n')
}

function typeText(schema: Schema): string {
  const { type, items, minimum, maximum, patternErrorMessage, additionalProperties, maxItems } = schema
  if (schema.title !== undefined) return link(schema.title)
  if (schema.enum !== undefined) return schema.enum.map(value => code(String(value))).join(', ')
  if (schema.const !== undefined) return code(schema.const)
  if (patternErrorMessage !== undefined) return patternErrorMessage.replace(/^expected /, '')
  if (items !== undefined) {
    const one = typeText(items)
    return `list${one === 'object' ? '' : ` of ${one}`}${maxItems === undefined ? '' : `, at most ${maxItems}`}`
  }
  if (typeof additionalProperties === 'object') return `map of ${typeText(additionalProperties)}`
  if (minimum !== undefined && maximum !== undefined) return `${minimum} to ${maximum}`
  if (typeof type === 'string') return type === 'string' ? 'text' : type
  return type === undefined ? 'anything' : type.join(' or ')
}
