import type { RouteOptions } from 'fastify'
import { Type, type TSchema } from 'typebox'
import type { Api } from '../api/api.ts'
import { Problem } from '../api/shapes/problem.ts'

/** What a route says of itself beside what goes in and out. */
declare module 'fastify' {
  interface FastifySchema {
    /** One line, for a list of all. */
    readonly summary?: string
    readonly description?: string
    /** The part of the document that it belongs to. */
    readonly tags?: readonly string[]
    /** Of the answer; `application/json` where absent. */
    readonly produces?: string
    /** Another type that the answer may have, of text. */
    readonly orText?: string
    /** It is no part of the API. */
    readonly hide?: true
  }
}

interface Part {
  readonly method: string
  readonly url: string
  readonly schema: NonNullable<RouteOptions['schema']>
}

/** GET /v1/openapi.json: OpenAPI 3.1, whose schemas are JSON Schema, and so those of the routes as they stand. */
export function serveDocument(app: Api, version: string): void {
  const parts: Part[] = []
  app.addHook('onRoute', ({ method, url, schema = {} }) => {
    for (const one of [method].flat())
      if (one !== 'HEAD' && schema.hide !== true) parts.push({ method: one, url, schema })
  })
  let text: string | null = null
  app.get(
    '/v1/openapi.json',
    {
      config: { permission: 'self' },
      schema: { summary: 'This document', tags: ['api'], response: { 200: Type.Unknown() } },
    },
    (_, reply) => {
      text ??= JSON.stringify(documentOf(parts, version))
      return reply.type('application/json').send(text)
    },
  )
}

function documentOf(parts: readonly Part[], version: string) {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const part of parts) (paths[template(part.url)] ??= {})[part.method.toLowerCase()] = operation(part)
  return {
    openapi: '3.1.1',
    info: {
      title: 'Portcullis Admin API',
      version,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{}, { token: [] }],
    paths,
    components: {
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description:
            'What is in admin-token. Nothing is needed by who asks on the machine itself for what is only read.',
        },
      },
      schemas: { Problem },
      responses: {
        Problem: {
          description: 'What was wrong (RFC 9457).',
          content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
        },
      },
    },
  }
}

function operation({ method, url, schema }: Part) {
  const { summary, description, tags, produces = 'application/json', orText, body } = schema
  const answers = Object.entries((schema.response ?? {}) as Readonly<Record<string, TSchema>>)
  const parameters = [...parametersOf('path', schema.params), ...parametersOf('query', schema.querystring)]
  return {
    operationId: operationId(method, url),
    ...(summary !== undefined && { summary }),
    ...(description !== undefined && { description }),
    ...(tags !== undefined && { tags }),
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && {
      requestBody: { required: true, content: { 'application/json': { schema: body } } },
    }),
    responses: {
      ...Object.fromEntries(
        answers.map(([status, answer]) => [
          status,
          {
            description: described(answer),
            content: {
              [produces]: { schema: answer },
              ...(orText !== undefined && { [orText]: { schema: { type: 'string' } } }),
            },
          },
        ]),
      ),
      default: { $ref: '#/components/responses/Problem' },
    },
  }
}

function parametersOf(where: 'path' | 'query', schema: unknown) {
  const { properties = {}, required = [] } = (schema ?? {}) as {
    readonly properties?: Readonly<Record<string, TSchema>>
    readonly required?: readonly string[]
  }
  return Object.entries(properties).map(([name, one]) => ({
    name,
    in: where,
    // What is left out is filled in before it is judged.
    required: required.includes(name) && !('default' in one),
    description: described(one),
    schema: one,
  }))
}

function described(schema: TSchema): string {
  return 'description' in schema ? String(schema.description) : 'What was asked for.'
}

/** `/v1/rules/:id` as `/v1/rules/{id}`. */
function template(url: string): string {
  return url.replaceAll(/:(\w+)/g, '{$1}')
}

/** `getV1RulesById`. */
function operationId(method: string, url: string): string {
  const words = url.replaceAll(/:(\w+)/g, 'by-$1').split(/[^A-Za-z0-9]+/)
  return method.toLowerCase() + words.map(word => word.charAt(0).toUpperCase() + word.slice(1)).join('')
}
