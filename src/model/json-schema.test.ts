import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Ajv } from 'ajv'
import { parseAllDocuments } from 'yaml'
import { kinds } from '../../test/support/declared.ts'
import { jsonSchema } from './json-schema.ts'

// As an editor reads it: no keyword and no format of ours.
const check = new Ajv({
  allErrors: true,
  strictTypes: false,
  allowUnionTypes: true,
  keywords: ['patternErrorMessage'],
}).compile(jsonSchema(kinds))

const examples = fileURLToPath(new URL('../../examples', import.meta.url))

interface Schema {
  readonly description?: string
  readonly default?: unknown
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly additionalProperties?: Schema | boolean
}

/** Every field of a schema by its path: `HTTPRoute spec.rules[].name`. */
function fieldsOf(schema: Schema, path: string): (readonly [path: string, field: Schema])[] {
  const { properties = {}, items, additionalProperties } = schema
  const inner = Object.entries(properties).flatMap(([name, field]) => {
    const at = path.endsWith(' ') ? path + name : `${path}.${name}`
    return [[at, field] as const, ...fieldsOf(field, at)]
  })
  const values = typeof additionalProperties === 'object' ? fieldsOf(additionalProperties, `${path}.*`) : []
  return [...inner, ...values, ...(items === undefined ? [] : fieldsOf(items, `${path}[]`))]
}

const { definitions } = jsonSchema(kinds) as unknown as { definitions: Readonly<Record<string, Schema>> }
const fields = Object.entries(definitions).flatMap(([kind, schema]) => [
  [kind, schema] as const,
  ...fieldsOf(schema, `${kind} `),
])

suite('what fields are for', () => {
  test('is said of each', () =>
    assert.deepEqual(
      fields.filter(([, { description = '' }]) => !/^\S.*\.$/.test(description)).map(([path]) => path),
      [],
    ))

  test('fits where an editor shows it', () =>
    assert.deepEqual(
      fields.filter(([, { description = '' }]) => description.length > 300).map(([path]) => path),
      [],
    ))

  test('what counts where a field is left out may be written', () => {
    const ajv = new Ajv({ strictTypes: false, allowUnionTypes: true, keywords: ['patternErrorMessage'] })
    const given = fields.filter(([, schema]) => 'default' in schema)
    assert.ok(given.length > 0)
    for (const [path, schema] of given) assert.ok(ajv.validate(schema, schema.default), path)
  })
})

suite('the JSON Schema', () => {
  for (const file of readdirSync(examples, { recursive: true, encoding: 'utf8' }).filter(name =>
    /portcullis\/[^/]+\.yaml$/.test(name),
  ))
    test(`takes what is in ${file}`, () => {
      for (const document of parseAllDocuments(readFileSync(`${examples}/${file}`, 'utf8'))) {
        const value: unknown = document.toJS()
        if (value !== null) assert.ok(check(value), JSON.stringify(check.errors))
      }
    })

  const route = (spec: object) => ({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'r' },
    spec,
  })

  for (const [what, value, path] of [
    ['an unknown field', route({ parentRef: [] }), '/spec'],
    ['a wrong type', route({ hostnames: 'a.example' }), '/spec/hostnames'],
    ['a name that is missing', { ...route({}), metadata: {} }, '/metadata'],
    ['no kind', { apiVersion: 'v1' }, ''],
    ['a kind that is misspelt', { ...route({}), kind: 'HTTPRute' }, '/kind'],
    [
      'a version that is not there',
      { ...route({}), apiVersion: 'portcullis.dev/v1alpha9', kind: 'Backend' },
      '/apiVersion',
    ],
  ] as const)
    test(`refuses ${what}`, () => {
      assert.ok(!check(value))
      assert.ok(
        check.errors?.some(({ instancePath }) => instancePath === path),
        JSON.stringify(check.errors),
      )
    })

  test('lets other kinds pass, and kinds of our names in other groups', () => {
    assert.ok(check({ apiVersion: 'apps/v1', kind: 'Deployment', spec: { replicas: 1 } }))
    assert.ok(check({ apiVersion: 'networking.istio.io/v1', kind: 'Gateway', spec: { selector: {} } }))
  })
})
