import type { DescField, DescMessage } from '@bufbuild/protobuf'
import type { DocumentPaths } from '../../manifest/document-paths.ts'
import type { OperationIds } from '../../manifest/operation-ids.ts'
import type { TranscodedRoute } from '../../routes/transcode.ts'
import { HTTP_BODY } from '../rest/request-message.ts'
import { leafType, type FieldPath } from '../rule/field-path.ts'
import type { HttpRule } from '../rule/http-rule.ts'
import type { TemplateVariable } from '../rule/path-template.ts'
import { MessageSchemas, type Json } from './schemas.ts'

/** How deep messages in messages become parameters of a query: those that have themselves have no end. */
const DEEPEST = 4

/** Of a parameter that takes what is left of a path. */
export const REST = 'One or several segments, or none.'

/** OpenAPI has these methods of HTTP alone. */
const METHODS: ReadonlySet<string> = new Set([
  'GET',
  'PUT',
  'POST',
  'DELETE',
  'PATCH',
  'HEAD',
  'OPTIONS',
  'TRACE',
])

/** Adds what a route gives as REST to a document. */
export function addTranscoded(
  { transcoder, options }: TranscodedRoute,
  ids: OperationIds,
  paths: DocumentPaths,
  components: Record<string, unknown>,
): void {
  const schemas = new MessageSchemas(components, transcoder)
  components['google.rpc.Status'] ??= STATUS
  // As the router has it: `*` before `**`.
  for (const rule of transcoder.rules.toSorted((a, b) => Number(isOpen(a)) - Number(isOpen(b)))) {
    if (!METHODS.has(rule.httpMethod)) continue
    paths.add(pathOf(rule), rule.httpMethod.toLowerCase(), names => ({
      operationId: ids.of(rule),
      tags: options.tags ?? [rule.method.parent.name],
      parameters: [...pathParameters(rule, names), ...queryParameters(rule, schemas)],
      ...bodyOf(rule, schemas),
      responses: { 200: answerOf(rule, schemas), default: ERROR },
    }))
  }
}

const isOpen = ({ template }: HttpRule): boolean => template.segments.at(-1)?.kind === 'rest'

const STATUS = {
  type: 'object',
  description: 'What became of a call that failed (google.rpc.Status).',
  properties: {
    code: { type: 'integer', description: 'Of google.rpc.Code.' },
    message: { type: 'string' },
    details: { type: 'array', items: { type: 'object', properties: { '@type': { type: 'string' } } } },
  },
}

const ERROR = {
  description: 'An error',
  content: { 'application/json': { schema: { $ref: '#/components/schemas/google.rpc.Status' } } },
}

/** Each `*` of a template is a parameter of OpenAPI, which takes one segment. */
function pathOf({ template }: HttpRule): string {
  const segments = template.segments.map((segment, i) => {
    if (segment.kind === 'literal') return encodeURIComponent(segment.text)
    const variable = template.variables.find(({ from, to }) => from <= i && i < to)
    return variable === undefined ? `{_${i}}` : `{${parameterName(template.segments, variable, i)}}`
  })
  return `/${segments.join('/')}${template.verb === '' ? '' : `:${encodeURIComponent(template.verb)}`}`
}

/** `name`, or `name_1`, `name_2` … where it is made of several. */
function parameterName(
  segments: HttpRule['template']['segments'],
  { field, from, to }: TemplateVariable,
  at: number,
): string {
  const places = segments.flatMap(({ kind }, i) => (kind !== 'literal' && from <= i && i < to ? [i] : []))
  const name = field.join('.')
  return places.length === 1 ? name : `${name}_${places.indexOf(at) + 1}`
}

function pathParameters({ template }: HttpRule, names: readonly string[]): readonly Json[] {
  return template.segments
    .filter(({ kind }) => kind !== 'literal')
    .map(({ kind }, i) => ({
      name: names[i]!,
      in: 'path',
      required: true,
      ...(kind === 'rest' && { description: REST }),
      schema: { type: 'string' },
    }))
}

function queryParameters(rule: HttpRule, schemas: MessageSchemas): readonly Json[] {
  if (rule.body === '*') return []
  const taken = (path: FieldPath) =>
    path[0] === rule.body ||
    rule.variables.some(one => one.length === path.length && one.every((field, i) => field === path[i]))
  return leavesOf(rule.method.input)
    .filter(path => !taken(path))
    .map(path => ({
      name: path.map(field => schemas.nameOf(field)).join('.'),
      in: 'query',
      schema: schemas.field(path.at(-1)!),
    }))
}

function leavesOf(message: DescMessage, above: readonly DescField[] = []): readonly FieldPath[] {
  return message.fields.flatMap((field): readonly FieldPath[] => {
    const path = [...above, field]
    if (field.fieldKind === 'map') return []
    if (leafType(field) !== null) return [path]
    const below = field.fieldKind === 'message' && !field.message.typeName.startsWith('google.')
    return below && path.length < DEEPEST ? leavesOf(field.message, path) : []
  })
}

function bodyOf({ body, method }: HttpRule, schemas: MessageSchemas): Json {
  if (body === null) return {}
  const message = body === '*' ? method.input : body.message
  const schema = body === '*' ? schemas.of(method.input) : schemas.field(body)
  const isStream = method.methodKind === 'client_streaming' || method.methodKind === 'bidi_streaming'
  if (message?.typeName === HTTP_BODY) return { requestBody: { content: { '*/*': {} } } }
  const content = isStream
    ? { 'application/x-ndjson': { schema }, 'application/json': { schema: { type: 'array', items: schema } } }
    : { 'application/json': { schema } }
  return { requestBody: { required: true, content } }
}

function answerOf({ method, responseBody }: HttpRule, schemas: MessageSchemas): Json {
  const description = 'The answer'
  const message = responseBody === null ? method.output : responseBody.message
  if (message?.typeName === HTTP_BODY) return { description, content: { '*/*': {} } }
  const schema = responseBody === null ? schemas.of(method.output) : schemas.field(responseBody)
  if (method.methodKind === 'unary' || method.methodKind === 'client_streaming')
    return { description, content: { 'application/json': { schema } } }
  return {
    description,
    content: {
      'application/json': { schema: { type: 'array', items: schema } },
      'application/x-ndjson': { schema },
      'text/event-stream': { schema },
    },
  }
}
