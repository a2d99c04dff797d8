import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { contractOf } from './contract.ts'
import { SchemaTypes } from './schema-type.ts'

const document = {
  openapi: '3.1.0',
  components: {
    schemas: {
      User: { type: 'object', properties: { id: { type: 'string' } } },
      'a/b': { type: 'string' },
      Known: { allOf: [{ properties: { kind: { const: 'known' } } }] },
    },
    parameters: { limit: { in: 'query', name: 'limit', schema: { type: 'integer' } } },
    responses: { Gone: { description: 'gone' } },
    requestBodies: {
      Order: { required: true, content: { 'application/json': { schema: { type: 'string' } } } },
    },
    pathItems: {},
  },
  deep: { one: { type: 'array', items: { $ref: '#/deep/two' } }, two: { $ref: '#/deep/one' } },
}

suite('the type of a schema', () => {
  for (const [what, schema, expected] of [
    ['nothing', {}, 'unknown'],
    ['anything', true, 'unknown'],
    ['nothing at all', false, 'never'],
    ['text', { type: 'string', format: 'uuid', minLength: 1 }, 'string'],
    ['a whole number', { type: 'integer' }, 'number'],
    ['null or text, in 3.1', { type: ['string', 'null'] }, 'string | null'],
    ['null or text, in 3.0', { type: 'string', nullable: true }, 'string | null'],
    ['words', { type: 'string', enum: ['a', 'b"c'] }, '"a" | "b\\"c"'],
    ['words or null', { enum: ['a', null] }, '"a" | null'],
    ['words, in 3.0 or null', { type: 'string', enum: ['a'], nullable: true }, '"a" | null'],
    ['one word', { const: 1 }, '1'],
    ['a list', { type: 'array', items: { type: 'string' } }, 'string[]'],
    ['a list of either', { type: 'array', items: { type: ['string', 'null'] } }, '(string | null)[]'],
    ['a list of whatever', { type: 'array' }, 'unknown[]'],
    [
      'a list of these',
      { type: 'array', prefixItems: [{ type: 'string' }, { type: 'number' }], items: false },
      '[string, number]',
    ],
    [
      'a list that begins so',
      { prefixItems: [{ type: 'string' }], items: { type: 'number' } },
      '[string, ...number[]]',
    ],
    ['a component', { $ref: '#/components/schemas/User' }, 'components["schemas"]["User"]'],
    [
      'a component whose name is escaped',
      { $ref: '#/components/schemas/a~1b' },
      'components["schemas"]["a/b"]',
    ],
    [
      'a list of components',
      { type: 'array', items: { $ref: '#/components/schemas/User' } },
      'components["schemas"]["User"][]',
    ],
    ['another file', { $ref: 'other.yaml#/User' }, 'unknown'],
    ['nowhere', { $ref: '#/nowhere' }, 'unknown'],
    ['what refers to itself without a name', { $ref: '#/deep/one' }, 'unknown[]'],
    ['one of', { oneOf: [{ type: 'string' }, { type: 'number' }] }, 'string | number'],
    [
      'all of',
      {
        allOf: [
          { $ref: '#/components/schemas/User' },
          { type: 'object', required: ['n'], properties: { n: { type: 'number' } } },
        ],
      },
      'components["schemas"]["User"] & ({\n  "n": number\n})',
    ],
    ['one of, of which one is whatever', { anyOf: [{ type: 'string' }, {}] }, 'unknown'],
    [
      'members',
      {
        type: 'object',
        required: ['a'],
        properties: { a: { type: 'string', description: 'The */ first' }, 'b-c': { type: 'null' } },
      },
      '{\n  /** The *\\/ first */\n  "a": string\n  "b-c"?: null\n}',
    ],
    ['members, without a type', { properties: { a: {} } }, '{\n  "a"?: unknown\n}'],
    [
      'members and others',
      { type: 'object', properties: { a: { type: 'number' } }, additionalProperties: { type: 'string' } },
      '{\n  "a"?: number\n} & { [name: string]: string }',
    ],
    ['a map', { type: 'object', additionalProperties: { type: 'number' } }, '{ [name: string]: number }'],
    ['an object of whatever', { type: 'object' }, '{ [name: string]: unknown }'],
    ['an object of nothing', { type: 'object', additionalProperties: false }, 'Record<string, never>'],
    ['no number', { const: Infinity }, 'unknown'],
    [
      'one of those that a property tells apart',
      {
        oneOf: [{ $ref: '#/components/schemas/User' }, { $ref: '#/components/schemas/Known' }],
        discriminator: { propertyName: 'kind', mapping: { person: '#/components/schemas/User' } },
      },
      '(components["schemas"]["User"] & { "kind": "person" }) | components["schemas"]["Known"]',
    ],
  ] as const)
    test(`${what} is ${expected.replaceAll('\n', ' ')}`, () =>
      assert.equal(new SchemaTypes(document).type(schema), expected))
})

suite('the types of a contract', () => {
  test('parameters of path and operation, references, bodies, answers', () => {
    const text = contractOf(
      {
        ...document,
        paths: {
          '/users/{id}': {
            parameters: [
              { in: 'path', name: 'id', required: true, schema: { type: 'string' } },
              { $ref: '#/components/parameters/limit' },
            ],
            get: {
              summary: 'A user',
              parameters: [
                { in: 'query', name: 'limit', required: true, schema: { type: 'string' } },
                { in: 'cookie', name: 's' },
              ],
              responses: {
                200: {
                  content: {
                    'application/json': { schema: { $ref: '#/components/schemas/User' } },
                    'text/csv': {},
                    'image/png': {},
                  },
                },
                '4XX': { content: { 'application/problem+json': {} } },
                default: { $ref: '#/components/responses/Gone' },
              },
            },
            post: { requestBody: { $ref: '#/components/requestBodies/Order' }, responses: { 204: {} } },
            trace: { responses: {} },
          },
          '/nothing': {},
        },
      },
      'users.yaml',
    )
    assert.equal(
      text,
      `/** Types of users.yaml, by portcullis composition gen. Changes of it are lost with the next. */
export interface paths {
  "/users/{id}": {
    /** A user */
    "get": {
      "parameters": {
        "query": {
          "limit": string
        }
        "path": {
          "id": string
        }
      }
      "responses": {
        200: {
          "content": {
            "application/json": components["schemas"]["User"]
            "text/csv": string
            "image/png": Uint8Array
          }
        }
        "4XX": {
          "content": {
            "application/problem+json": unknown
          }
        }
        "default": {
          "content"?: never
        }
      }
    }
    "post": {
      "parameters": {
        "query"?: {
          "limit"?: number
        }
        "path": {
          "id": string
        }
      }
      "requestBody": {
        "content": {
          "application/json": string
        }
      }
      "responses": {
        204: {
          "content"?: never
        }
      }
    }
  }
}

export interface components {
  "schemas": {
    "User": {
      "id"?: string
    }
    "a/b": string
    "Known": {
      "kind"?: "known"
    }
  }
}
`,
    )
  })

  test('queries as they are sent: joined lists and JSON are text, members of an object stand for themselves', () => {
    const object = { type: 'object', properties: { a: { type: 'string' } } }
    const list = { type: 'array', items: { type: 'string' } }
    const text = contractOf(
      {
        paths: {
          '/': {
            get: {
              parameters: [
                { in: 'query', name: 'each', schema: list },
                { in: 'query', name: 'joined', explode: false, schema: list },
                { in: 'query', name: 'piped', style: 'pipeDelimited', schema: list },
                { in: 'query', name: 'deep', style: 'deepObject', required: true, schema: object },
                { in: 'query', name: 'json', content: { 'application/json': { schema: object } } },
                { in: 'query', name: 'spread', schema: object },
              ],
              responses: {},
            },
          },
        },
      },
      'a.yaml',
    )
    assert.match(
      text,
      /"query": \{\n {10}"each"\?: string\[\]\n {10}"joined"\?: string\n {10}"piped"\?: string\n {10}"deep": \{\n {12}"a"\?: string\n {10}\}\n {10}"json"\?: string\n {8}\} & Partial<\{\n {12}"a"\?: string\n {10}\}>\n/,
    )
  })
})
