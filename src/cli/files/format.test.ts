import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { formatJson, formatYaml } from './format.ts'

suite('formatting YAML', () => {
  for (const [what, text, expected] of [
    [
      'the order in which people look',
      'kind: B\nmetadata:\n  labels: { a: b }\n  name: n\nspec: {}\napiVersion: v1\n',
      'apiVersion: v1\nkind: B\nmetadata:\n  name: n\n  labels: { a: b }\nspec: {}\n',
    ],
    ['two spaces, and items under their key', 'a:\n    - b:\n          c: 1\n', 'a:\n  - b:\n      c: 1\n'],
    ['brackets as people write them', 'a: {b: [1,2],c: [ {d: 1} ]}\n', 'a: { b: [1, 2], c: [{ d: 1 }] }\n'],
    [
      'comments and blank lines stay',
      '# top\na: 1 # one\n\n# two\nb: 2\n',
      '# top\na: 1 # one\n\n# two\nb: 2\n',
    ],
    ['documents stay apart', '---\na: 1\n---\n\nb: 2\n', 'a: 1\n---\nb: 2\n'],
    [
      'blocks of text stay',
      'a: |\n    x\n      y\nb: >-\n  long\n  text\n',
      'a: |\n  x\n    y\nb: >-\n  long text\n',
    ],
    ['quotes stay', `a: '012'\nb: "yes"\n`, `a: '012'\nb: "yes"\n`],
    ['a comment alone', '# nothing yet\n', '# nothing yet\n'],
  ] as const)
    test(what, () => assert.equal(formatYaml(text), expected))

  for (const text of ['a: [1\n', 'a: 1\na: 2\n', '\ta: 1\n'])
    test(`what is broken is left alone: ${JSON.stringify(text)}`, () =>
      assert.equal(typeof formatYaml(text), 'object'))

  const folders = ['../../../test/golden/ingress', '../../../examples']
  for (const folder of folders.map(one => fileURLToPath(new URL(one, import.meta.url))))
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(one =>
      one.endsWith('.yaml'),
    ))
      test(`what was formatted is formatted: ${name}`, () => {
        const text = formatYaml(readFileSync(`${folder}/${name}`, 'utf8'))
        // Some of them are broken on purpose.
        if (typeof text !== 'string') return assert.match(text.wrong, /no valid YAML/)
        // That it means the same is what formatYaml itself holds.
        assert.equal(formatYaml(text), text)
      })
})

test('formatting JSON', () => {
  assert.equal(formatJson('{"a":[1,{}]}'), '{\n  "a": [\n    1,\n    {}\n  ]\n}\n')
  assert.equal(typeof formatJson('{'), 'object')
})
