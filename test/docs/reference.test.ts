import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { LoggedFields } from '../../src/telemetry/logged-fields.ts'
import { AccessRecord } from '../../src/telemetry/access-record.ts'
import { accessLine } from '../../src/telemetry/access-line.ts'
import { accessFields, noteFields } from './access-fields.ts'
import { deployment } from './deployment.ts'
import { pages } from './reference.ts'

const folder = new URL('../../docs/reference/', import.meta.url)

suite('the references', () => {
  for (const [name, make] of Object.entries(pages))
    test(`${name} says what the source says (npm run docs writes it)`, () =>
      assert.equal(readFileSync(new URL(name, folder), 'utf8'), make()))

  test('there is no page that nothing makes', () =>
    assert.deepEqual(readdirSync(folder).toSorted(), Object.keys(pages).toSorted()))

  test('every field of the access log is there, and no other', () => {
    const record = new AccessRecord()
    const values = record as unknown as Record<string, string | number>
    for (const [key, value] of Object.entries(values)) values[key] = typeof value === 'string' ? `x${key}` : 1
    record.version = 11
    record.notes = [new LoggedFields(noteFields.map(name => [name, 'x']))]
    const line = accessLine(record, 0, 'show')
    assert.deepEqual(Object.keys(JSON.parse(line) as object).toSorted(), Object.keys(accessFields).toSorted())
  })
})

suite('what is applied to clusters', () => {
  for (const [name, make] of Object.entries(deployment))
    test(`${name} says what kinds and schemas say (npm run docs writes it)`, () =>
      assert.equal(readFileSync(new URL(`../../deploy/${name}`, import.meta.url), 'utf8'), make()))
})
