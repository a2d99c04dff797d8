import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readJsonText } from './json-text.ts'
import { readText } from './yaml.ts'

/** Every way into a value, and one that leads nowhere. */
function* pathsOf(value: unknown, path: (string | number)[] = []): Generator<(string | number)[]> {
  yield path
  yield [...path, 'nowhere']
  if (typeof value !== 'object' || value === null) return
  for (const [key, one] of Object.entries(value))
    yield* pathsOf(one, [...path, Array.isArray(value) ? Number(key) : key])
}

/** The parser of YAML, which reads a file of this name: the same text with a comment is no JSON. */
const byYaml = (text: string) => readText(`${text}\n# not JSON`, 'a.yaml')

const json = fc
  .json({ maxDepth: 4 })
  .chain(text =>
    fc.constantFrom(undefined, 1, 4, '\t').map(indent => JSON.stringify(JSON.parse(text), null, indent)),
  )

test('what is JSON is read as YAML reads it, with the same places', () => {
  let compared = 0
  fc.assert(
    fc.property(json, one => {
      const text = `{"kind":"HTTPRoute","spec":${one}}`
      const other = byYaml(text)
      // What only YAML refuses (a tab before a bracket) is none of its business.
      if (!other.whole || readJsonText(text) === null) return
      compared++
      const reading = readText(text, 'a.json')
      assert.deepEqual(reading.problems, [])
      const [mine, its] = [reading.declarations[0]!, other.declarations[0]!]
      assert.deepEqual(mine.value, its.value)
      for (const path of pathsOf(its.value)) assert.deepEqual(mine.at(path)?.line, its.at(path)?.line)
      for (const path of pathsOf(its.value)) assert.deepEqual(mine.at(path)?.column, its.at(path)?.column)
    }),
    { numRuns: 1000 },
  )
  assert.ok(compared > 500, `${compared} were compared`)
})

for (const [name, text] of [
  ['a comma too many', '{"a":1,}'],
  ['no comma', '{"a":1 "b":2}'],
  ['a name twice', '{"a":1,"a":2}'],
  ['a name without quotes', '{a:1}'],
  ['a string without an end', '{"a":"b'],
  ['a line break in a string', '{"a":"b\nc"}'],
  ['an escape that is none', '{"a":"\\x41"}'],
  ['a number that begins with 0', '{"a":01}'],
  ['a word', '{"a":yes}'],
  ['a word that goes on', '{"a":truer}'],
  ['something behind it', '{"a":1} b'],
  ['another document', '{"a":1}\n---\n{"b":2}'],
  ['a carriage return', '{"a":\r1}'],
  ['a prototype', '{"__proto__":1}'],
  ['a merge key', '{"<<":{"a":1}}'],
  ['what is nested too deeply', `${'['.repeat(66)}${']'.repeat(66)}`],
  ['nothing', ''],
] as const)
  test(`${name} is left to the other parser`, () => {
    assert.equal(readJsonText(text), null)
  })
