import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Ajv } from 'ajv'
import { parseAllDocuments } from 'yaml'
import { jsonSchema } from './json-schema.ts'

// As an editor reads it: no keyword and no format of ours.
const check = new Ajv({
  allErrors: true,
  strictTypes: false,
  allowUnionTypes: true,
  keywords: ['patternErrorMessage'],
}).compile(jsonSchema())

const examples = fileURLToPath(new URL('../../examples', import.meta.url))

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
