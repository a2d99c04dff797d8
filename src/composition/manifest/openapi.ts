import type { TObject, TSchema } from 'typebox'
import { failureAnswer } from '../calls/failure.ts'
import type { Gateway } from '../routes/gateway.ts'
import type { FailureRule, PartialReport, Route as AnyRoute } from '../routes/route.ts'
import { PathTemplate } from '../routes/template.ts'
import { addTranscoded, REST } from '../transcode/openapi/paths.ts'
import { DocumentPaths } from './document-paths.ts'
import type { OperationIds } from './operation-ids.ts'

export interface OpenApiDocument {
  readonly openapi: '3.1.0'
  readonly info: { readonly title: string; readonly version: string }
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly components: Readonly<Record<string, unknown>>
}

type Json = Readonly<Record<string, unknown>>
/** One whose path and schemas it says itself, and not a contract of a backend. */
type Route = Exclude<AnyRoute, { readonly kind: 'transcoded' | 'filter' }>

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
export function openApiOf({ title, version, routes, failures }: Gateway, ids: OperationIds): OpenApiDocument {
  const paths = new DocumentPaths()
  const definitions: Record<string, unknown> = {}
  for (const route of routes.toSorted((a, b) => rankOf(a) - rankOf(b))) {
    // Of what passes nothing is known.
    if (route.kind === 'proxy' || route.kind === 'filter') continue
    if (route.kind === 'transcoded') {
      addTranscoded(route, ids, paths, definitions)
      continue
    }
    // `{rest=**}` is for routers alone.
    const path = route.path.replace(/=\*\*\}$/, '}')
    const operation = (names: readonly string[]) =>
      operationOf({ route, names, id: ids.of(route), failures }, definitions)
    if (route.kind === 'websocket') paths.addWebSocket(path, SWITCHED, operation)
    else paths.add(path, route.method.toLowerCase(), operation)
  }
  return {
    openapi: '3.1.0',
    info: { title, version },
    paths: paths.all,
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

/** Where two take a request, as the router has it: a name before what takes all that is left. A WebSocket adds to its GET. */
function rankOf({ kind, path }: AnyRoute): number {
  if (kind === 'websocket') return 3
  if (kind === 'transcoded') return 2
  return path.endsWith('=**}') ? 1 : 0
}

/** An operation that is to be described. */
interface Asked {
  readonly route: Described
  /** Of its path, as the document has them. */
  readonly names: readonly string[]
  readonly id: string
  /** The gateway's. */
  readonly failures: readonly FailureRule[]
}

function operationOf({ route, names, id, failures }: Asked, definitions: Record<string, unknown>): Json {
  const { options } = route
  const { summary, description, tags, in: given = {} } = options
  const schema = (of: TSchema) => withDefinitions(of, keyOf(id), definitions)
  return {
    operationId: id,
    ...(summary !== undefined && { summary }),
    ...(description !== undefined && { description }),
    ...(tags !== undefined && { tags }),
    parameters: [
      ...pathParameters(route, names, schema),
      ...parameters('query', given.query, schema),
      ...parameters('header', given.headers, schema),
    ],
    ...(given.body !== undefined && {
      requestBody: { required: true, content: { 'application/json': { schema: schema(given.body) } } },
    }),
    responses: responsesOf(route, failures, schema),
  }
}

type Described = Exclude<Route, { readonly kind: 'proxy' }>
type Of = (schema: TSchema) => unknown

/** By their places: a path of the document may have other names than the route. */
function pathParameters({ path, options }: Route, names: readonly string[], schema: Of): readonly Json[] {
  const { properties = {} } = options.in?.params ?? {}
  const own = new PathTemplate(path).names
  return names.map((name, i) => {
    const known = properties[own[i]!]
    return {
      name,
      in: 'path',
      required: true,
      ...(i === names.length - 1 && path.endsWith('=**}') && { description: REST }),
      schema: known === undefined ? { type: 'string' } : schema(known),
    }
  })
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

const SWITCHED = { description: 'A WebSocket' }

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
  if (kind === 'websocket') return [101, SWITCHED]
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

/** What names of components may be made of. */
const keyOf = (name: string): string => name.replaceAll(/[^\w.-]+/g, '_')

/** Members of these are schemas by names of somebody else, and no keywords. */
const BY_NAME: ReadonlySet<string> = new Set(['properties', 'patternProperties'])

/** What is in these is no schema. */
const VALUES: ReadonlySet<string> = new Set(['const', 'enum', 'default', 'example', 'examples'])

/** Schemas that refer to each other by a name of TypeBox are components of the document, by a name that no other route has. */
function withDefinitions(schema: unknown, prefix: string, definitions: Record<string, unknown>): unknown {
  return rewritten(schema, new Map())

  function rewritten(value: unknown, names: ReadonlyMap<string, string>): unknown {
    if (Array.isArray(value)) return value.map(one => rewritten(one, names))
    if (typeof value !== 'object' || value === null) return value
    const { $defs, $ref, $id: _, ...rest } = value as Json
    const known = $defs === undefined ? names : defined($defs as Json, names)
    const members = mapped(rest, (one, name) => {
      if (VALUES.has(name)) return one
      return BY_NAME.has(name)
        ? mapped(one as Json, member => rewritten(member, known))
        : rewritten(one, known)
    })
    if (typeof $ref !== 'string') return members
    return { ...members, $ref: `#/components/schemas/${known.get($ref) ?? $ref}` }
  }

  function defined(of: Json, names: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
    const all = new Map(names)
    for (const name of Object.keys(of)) all.set(name, `${prefix}_${keyOf(name)}`)
    for (const [name, one] of Object.entries(of)) definitions[all.get(name)!] = rewritten(one, all)
    return all
  }
}

const mapped = (of: Json, change: (value: unknown, name: string) => unknown): Json =>
  Object.fromEntries(Object.entries(of).map(([name, value]) => [name, change(value, name)]))
