import type { TObject, TSchema } from 'typebox'
import { failureAnswer } from '../calls/failure.ts'
import type { Gateway } from '../routes/gateway.ts'
import type { FailureRule, PartialReport, Route as AnyRoute } from '../routes/route.ts'
import { PathTemplate } from '../routes/template.ts'
import { transcodedPaths } from '../transcode/openapi/paths.ts'
import { operationIdOf } from './operation-id.ts'

export interface OpenApiDocument {
  readonly openapi: '3.1.0'
  readonly info: { readonly title: string; readonly version: string }
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly components: Readonly<Record<string, unknown>>
}

type Json = Readonly<Record<string, unknown>>
/** One whose path and schemas it says itself, and not a contract of a backend. */
type Route = Exclude<AnyRoute, { readonly kind: 'transcoded' }>

/** RFC 9457, as `src/composition/engine/problems.ts` writes it. */
const problemSchema = {
  type: 'object',
  required: ['title', 'status'],
  properties: {
    type: { type: 'string', format: 'uri-reference' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    reason: { type: 'string', description: 'The name of the failure.' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['at', 'message'],
        properties: { at: { type: 'string' }, message: { type: 'string' } },
      },
    },
    partial: { type: 'array', items: { type: 'string' } },
  },
} as const

/** OpenAPI 3.1, whose schemas are JSON Schema, and so those of the routes as they stand. */
export function openApiOf({ title, version, routes, failures }: Gateway): OpenApiDocument {
  const paths: Record<string, Record<string, unknown>> = {}
  const definitions: Record<string, unknown> = {}
  for (const route of routes) {
    // Of what passes nothing is known.
    if (route.kind === 'proxy') continue
    if (route.kind === 'transcoded') {
      transcodedPaths(route, paths, definitions)
      continue
    }
    const path = (paths[route.path] ??= {})
    path[route.method.toLowerCase()] = operationOf(route, failures, definitions)
  }
  return {
    openapi: '3.1.0',
    info: { title, version },
    paths,
    components: {
      schemas: { ...definitions, Problem: problemSchema },
      responses: {
        Problem: {
          description: 'A problem (RFC 9457)',
          content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
        },
      },
    },
  }
}

function operationOf(
  route: Described,
  common: readonly FailureRule[],
  definitions: Record<string, unknown>,
): Json {
  const { options } = route
  const { summary, description, tags, in: given = {} } = options
  const schema = (of: TSchema) => withDefinitions(of, operationIdOf(route), definitions)
  return {
    operationId: operationIdOf(route),
    ...(summary !== undefined && { summary }),
    ...(description !== undefined && { description }),
    ...(tags !== undefined && { tags }),
    parameters: [
      ...pathParameters(route, schema),
      ...parameters('query', given.query, schema),
      ...parameters('header', given.headers, schema),
    ],
    ...(given.body !== undefined && {
      requestBody: { required: true, content: { 'application/json': { schema: schema(given.body) } } },
    }),
    responses: responsesOf(route, common, schema),
  }
}

type Described = Exclude<Route, { readonly kind: 'proxy' }>
type Of = (schema: TSchema) => unknown

function pathParameters({ path, options }: Route, schema: Of): readonly Json[] {
  const { properties = {} } = options.in?.params ?? {}
  return new PathTemplate(path).names.map(name => ({
    name,
    in: 'path',
    required: true,
    schema: properties[name] === undefined ? { type: 'string' } : schema(properties[name]),
  }))
}

function parameters(where: 'query' | 'header', of: TObject | undefined, schema: Of): readonly Json[] {
  const { properties = {}, required = [] } = of ?? {}
  return Object.entries(properties).map(([name, one]) => ({
    name,
    in: where,
    ...((required as readonly string[]).includes(name) && { required: true }),
    schema: schema(one),
  }))
}

const PROBLEM = { $ref: '#/components/responses/Problem' }

function responsesOf(route: Described, common: readonly FailureRule[], schema: Of): Json {
  const { failures = [], in: given } = route.options
  const [status, success] = answerOf(route, schema)
  const answered = [...failures, ...common].map(({ answer }) => answer.status)
  const own = given === undefined ? [] : given.body === undefined ? [400] : [400, 413, 415]
  const late = [502, 503, failureAnswer('deadline_exceeded').status]
  const problems = [...new Set([...own, ...answered, ...late])]
    .filter(one => one !== status)
    .sort((a, b) => a - b)
  return {
    [status]: success,
    ...Object.fromEntries(problems.map(one => [one, PROBLEM])),
    default: PROBLEM,
  }
}

function answerOf({ kind, options }: Described, schema: Of): [status: number, answer: Json] {
  const description = 'The answer'
  if (kind === 'websocket') return [101, { description: 'A WebSocket' }]
  if (kind === 'stream') return [200, { description, content: streamContent(schema(options.out)) }]
  const { status = 200, partial = 'header', out } = options
  const hasBody = ![204, 205, 304].includes(status)
  return [
    status,
    {
      description,
      ...(partial === 'header' && { headers: { 'X-Portcullis-Partial': partialHeader } }),
      ...(hasBody && { content: { 'application/json': { schema: withPartial(schema(out), partial) } } }),
    },
  ]
}

/** OpenAPI 3.1 has no word for items one after another but that of an array; of events and lines the schema is that of an item. */
const streamContent = (item: unknown): Json => ({
  'text/event-stream': { schema: item },
  'application/x-ndjson': { schema: item },
  'application/json': { schema: { type: 'array', items: item } },
})

const partialHeader = {
  description: 'Names of the parts of the answer that could not be had, where there are any.',
  schema: { type: 'string' },
}

function withPartial(schema: unknown, partial: PartialReport): unknown {
  if (typeof partial !== 'object') return schema
  const missing = { type: 'array', items: { type: 'string' }, description: 'Parts that could not be had.' }
  return { allOf: [schema, { type: 'object', properties: { [partial.member]: missing } }] }
}

/** Schemas that refer to each other by a name of TypeBox are components of the document, by a name that no other route has. */
function withDefinitions(schema: unknown, prefix: string, definitions: Record<string, unknown>): unknown {
  return rewritten(schema, new Map())

  function rewritten(value: unknown, names: ReadonlyMap<string, string>): unknown {
    if (Array.isArray(value)) return value.map(one => rewritten(one, names))
    if (typeof value !== 'object' || value === null) return value
    const { $defs, $ref, $id: _, ...rest } = value as Json
    const known = $defs === undefined ? names : defined($defs as Json, names)
    const members = Object.fromEntries(
      Object.entries(rest).map(([name, one]) => [name, rewritten(one, known)]),
    )
    if (typeof $ref !== 'string') return members
    return { ...members, $ref: `#/components/schemas/${known.get($ref) ?? $ref}` }
  }

  function defined(of: Json, names: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
    const all = new Map(names)
    for (const name of Object.keys(of)) all.set(name, `${prefix}_${name}`)
    for (const [name, one] of Object.entries(of)) definitions[all.get(name)!] = rewritten(one, all)
    return all
  }
}
