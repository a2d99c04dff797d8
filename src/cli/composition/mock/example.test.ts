// What a mock answers where nobody has written an example: it fits the schema, and is the same always.
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { Examples } from './example.ts'

const document = {
  components: {
    schemas: {
      Name: { type: 'string', minLength: 9, maxLength: 10 },
      Tree: {
        type: 'object',
        required: ['name', 'children'],
        properties: {
          name: { $ref: '#/components/schemas/Name' },
          children: { type: 'array', items: { $ref: '#/components/schemas/Tree' } },
          parent: { $ref: '#/components/schemas/Tree' },
        },
      },
      Base: { type: 'object', required: ['id'], properties: { id: { type: 'integer', minimum: 5 } } },
      Cat: {
        allOf: [
          { $ref: '#/components/schemas/Base' },
          { type: 'object', required: ['lives'], properties: { lives: { const: 9 } } },
        ],
      },
    },
  },
}
const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` })

const table: readonly (readonly [what: string, schema: unknown, expected: unknown])[] = [
  ['nothing said', {}, 'text'],
  ['an example', { type: 'string', example: 'Ada' }, 'Ada'],
  ['examples of JSON Schema', { type: 'string', examples: ['a', 'b'] }, 'a'],
  ['a word of several', { enum: ['gold', 'tin'] }, 'gold'],
  ['a default', { type: 'integer', default: 20 }, 20],
  ['a bound', { type: 'integer', minimum: 3 }, 3],
  ['an open bound', { type: 'integer', exclusiveMinimum: 3 }, 4],
  ['an open bound in 3.0', { type: 'integer', minimum: 3, exclusiveMinimum: true }, 4],
  ['an upper bound', { type: 'integer', maximum: -4 }, -4],
  ['an open upper bound', { type: 'integer', exclusiveMaximum: 0 }, -1],
  ['multiples', { type: 'number', multipleOf: 0.5, minimum: 1.2 }, 1.5],
  ['a length', { type: 'string', minLength: 6 }, 'texttext'.slice(0, 6)],
  ['a name', ref('Name'), 'texttextt'],
  ['null or a number', { type: ['null', 'number'] }, 0.5],
  ['a list', { type: 'array', items: { type: 'boolean' } }, [true]],
  ['a longer list', { type: 'array', items: { type: 'boolean' }, minItems: 2 }, [true, true]],
  [
    'a pair',
    { type: 'array', prefixItems: [{ type: 'string' }, { type: 'null' }], items: false },
    ['text', null],
  ],
  ['a map', { type: 'object', additionalProperties: { type: 'integer' } }, { key: 1 }],
  ['what contains itself', ref('Tree'), { name: 'texttextt', children: [] }],
  ['all of', ref('Cat'), { id: 5, lives: 9 }],
  [
    'one of, beside members',
    { oneOf: [ref('Base'), ref('Cat')], properties: { n: { type: 'integer', minimum: 7 } } },
    { n: 7, id: 5 },
  ],
  ['a password', { type: 'object', properties: { secret: { type: 'string', writeOnly: true } } }, {}],
  ['a moment', { type: 'string', format: 'date-time' }, '2026-01-31T12:00:00Z'],
]

suite('the example of a schema', () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  ajv.addSchema(document, 'document')
  for (const [what, schema, expected] of table)
    test(what, () => {
      const made = new Examples(document).of(schema)
      assert.deepEqual(made, expected)
      assert.deepEqual(new Examples(document).of(schema), made)
      if (what.endsWith('in 3.0')) return
      const here = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"document#/')) as object
      const fits = ajv.compile(here)
      assert.ok(fits(made), ajv.errorsText(fits.errors))
    })

  test('of a schema that must contain itself comes to an end', () => {
    const endless = { type: 'object', required: ['next'], properties: { next: { $ref: '#' } } }
    assert.match(JSON.stringify(new Examples(endless).of(endless)), /^\{"next":.*null\}*$/)
  })
})
