import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatPosition, formatProblem } from './problem.ts'
import type { FieldPath } from './resource.ts'
import { readText } from './yaml.ts'

const values = (text: string, file = 'a.yaml') => readText(text, file).declarations.map(d => d.value)
const messages = (text: string, file = 'a.yaml') => readText(text, file).problems.map(formatProblem)

const route = `# a comment
kind: HTTPRoute
metadata:
  name: items
spec:
  rules:
    - matches:
        - path: { value: /a }
    - backendRefs:
        - name: "x"
---
kind: Gateway
`

for (const [document, path, position] of [
  [0, [], 'a.yaml:2:1'],
  [0, ['metadata', 'name'], 'a.yaml:4:3'],
  [0, ['spec', 'rules', 0], 'a.yaml:7:7'],
  [0, ['spec', 'rules', 0, 'matches', 0, 'path', 'value'], 'a.yaml:8:19'],
  [0, ['spec', 'rules', 1, 'backendRefs', 0, 'name'], 'a.yaml:10:11'],
  [0, ['spec', 'rules', 1, 'backendRefs', 0, 'port'], 'a.yaml:10:11'],
  [0, ['spec', 'rules', 7], 'a.yaml:6:3'],
  [0, ['constructor'], 'a.yaml:2:1'],
  [1, ['kind'], 'a.yaml:12:1'],
] as const satisfies readonly (readonly [number, FieldPath, string])[])
  test(`document ${document}, field ${path.join('.')} is at ${position}`, () => {
    const at = readText(route, 'a.yaml').declarations[document]?.at(path)
    assert.equal(at && formatPosition(at), position)
  })

for (const [name, text, expected] of [
  ['documents', 'a: 1\n---\nb: 2\n', [{ a: 1 }, { b: 2 }]],
  ['empty documents', '# nothing\n---\n---\n', []],
  ['no text', '', []],
  ['a byte order mark and CRLF', '\uFEFFa: 1\r\nb: x\r\n', [{ a: 1, b: 'x' }]],
  ['a list', '- a: 1\n- b: 2\n', [{ a: 1 }, { b: 2 }]],
  ['kind: List', 'kind: List\nitems: [{a: 1}, {kind: FooList, items: [{b: 2}]}]', [{ a: 1 }, { b: 2 }]],
  ['aliases', 'a: &x {n: 1}\nb: *x\nc: [*x]', [{ a: { n: 1 }, b: { n: 1 }, c: [{ n: 1 }] }]],
  [
    'an anchor that is given again',
    'a: &x 1\nb: &y [*x]\nc: &x 2\nd: *y\ne: *x',
    [{ a: 1, b: [1], c: 2, d: [1], e: 2 }],
  ],
  ['merge keys', 'a: &x {n: 1, m: 1}\nb: {<<: *x, n: 2}', [{ a: { n: 1, m: 1 }, b: { n: 2, m: 1 } }]],
  [
    'merge of several',
    'a: &x {n: 1}\nb: &y {n: 2, m: 2}\nc: {<<: [*x, *y]}',
    [{ a: { n: 1 }, b: { n: 2, m: 2 }, c: { n: 1, m: 2 } }],
  ],
  ['a quoted merge key', 'a: {"<<": 1}', [{ a: { '<<': 1 } }]],
  ['keys that look like numbers', '1: x\ntrue: y', [{ 1: 'x', true: 'y' }]],
] as const)
  test(`reads ${name}`, () => {
    assert.deepEqual(messages(text), [])
    assert.deepEqual(values(text), expected)
  })

test('JSON has positions too', () => {
  const at = readText(
    '{\n\t"kind": "List",\n\t"items": [\n\t\t{"a": {"b": "\\ud83d\\ude00"}}\n\t]\n}',
    'a.json',
  ).declarations[0]
  assert.deepEqual(at?.value, { a: { b: '😀' } })
  assert.deepEqual(at.at(['a', 'b']), { file: 'a.json', line: 4, column: 10 })
})

for (const [name, text, file, expected] of [
  [
    'a bracket that stays open',
    'a: {b: 2\n',
    'a.yaml',
    ['a.yaml:2:1: a bracket before this is not closed, expected "}" or "]", and lines in it indented'],
  ],
  [
    'quotes that stay open',
    'a: "hunter2\n',
    'a.yaml',
    ['a.yaml:2:1: quotes before this are not closed, expected the same quote at the end of the value'],
  ],
  [
    'a key given twice',
    'a: 1\nb:\n  c: 1\n  c: 2\n',
    'a.yaml',
    ['a.yaml:4:3: this key is given twice in one object, expected it once'],
  ],
  [
    'a second object without a marker',
    'apiVersion: v1\nkind: A\nspec: {}\napiVersion: v1\nkind: B\nspec: {}\n',
    'a.yaml',
    [
      'a.yaml:4:1: this key is given twice in one object, expected it once, or "---" on a line before it where another object begins',
    ],
  ],
  [
    'a kind given twice further in',
    'a:\n  kind: A\n  kind: B\n',
    'a.yaml',
    ['a.yaml:3:3: this key is given twice in one object, expected it once'],
  ],
  [
    'a key too far to the left of its list',
    'a:\n  - b: 1\n    c: 2\n   d: 3\n',
    'a.yaml',
    [
      'a.yaml:4:1: the indentation does not fit, expected this on the column of its siblings, or "- " in front',
    ],
  ],
  [
    'a key too far to the right',
    'a:\n  b: 1\n   c: 2\n',
    'a.yaml',
    ['a.yaml:3:4: the indentation does not fit, expected this on the column of its siblings'],
  ],
  [
    'a key without a colon',
    'a: 1\nb\n',
    'a.yaml',
    ['a.yaml:2:1: a word alone where each line is "key: value", expected ": " behind it'],
  ],
  [
    'a wildcard without quotes',
    'a: [*.b.example]',
    'a.yaml',
    ['a.yaml:1:5: a value that begins with "*" is an alias in YAML, expected it in quotes: "*.b.example"'],
  ],
  ['a tab', 'a:\n\t- b', 'a.yaml', ['a.yaml:2:1: a tab in the indentation, expected spaces']],
  ['a tag', 'a: !foo hunter2', 'a.yaml', ['a.yaml:1:4: an unknown tag, expected none']],
  [
    'a mapping in a line',
    'a: b: c',
    'a.yaml',
    [
      'a.yaml:1:4: a nested mapping on one line, expected a line break after the first ":" or the value in quotes',
    ],
  ],
  [
    'an unknown alias',
    'a: *x',
    'a.yaml',
    ['a.yaml:1:4: unknown alias "*x", expected an anchor "&x" before it'],
  ],
  ['a circle', 'a: &x [*x]', 'a.yaml', ['a.yaml:1:8: unknown alias "*x", expected an anchor "&x" before it']],
  [
    'a merge of no object',
    'a: &x [1]\n<<: *x',
    'a.yaml',
    ['a.yaml:2:1: the merge key "<<" has no object, expected an alias of one'],
  ],
  [
    'text',
    'hunter2',
    'a.yaml',
    ['a.yaml:1:1: is text, expected an object with apiVersion, kind and metadata'],
  ],
  [
    'a bad item of a list',
    '- {a: 1}\n- 5\n',
    'a.yaml',
    ['a.yaml:2:3: is a number, expected an object with apiVersion, kind and metadata'],
  ],
  [
    'a trailing comma in JSON',
    '{\n  "a": 1,\n}',
    'a.json',
    ['a.json:3:1: is no valid JSON here, expected JSON without comments or trailing commas'],
  ],
  [
    'a key given twice in JSON',
    '{"a": 1, "a": 2}',
    'a.json',
    ['a.json:1:10: this key is given twice in one object, expected it once'],
  ],
  ['an empty JSON file', '\n', 'a.json', ['a.json:2:1: is empty, expected JSON']],
] as const)
  test(`says of ${name} where and what`, () => {
    assert.deepEqual(messages(text, file), expected)
    assert.equal(readText(text, file).whole, false)
  })

test('documents beside a broken one are read', () => {
  const reading = readText('a: 1\n---\nb: {c\n---\nd: 1\n', 'a.yaml')
  assert.deepEqual(
    reading.declarations.map(d => d.value),
    [{ a: 1 }, { d: 1 }],
  )
  assert.equal(reading.problems.length, 1)
  assert.equal(reading.problems[0]?.position?.line, 4)
})

test('an alias bomb is refused before it is written out', () => {
  const levels = Array.from(
    { length: 9 },
    (_, i) => `l${i + 1}: &l${i + 1} [${Array(10).fill(`*l${i}`).join(', ')}]`,
  )
  const [message] = messages(['l0: &l0 [x, x]', ...levels].join('\n'))
  assert.match(message ?? '', /^a\.yaml:\d+:\d+: aliases write out to too much/)
})

for (const [name, text] of [
  ['flow lists', '['.repeat(50_000)],
  ['flow maps', `${'a: {'.repeat(1).concat('b: {'.repeat(300))}${'}'.repeat(301)}`],
  ['block lists', '- '.repeat(2000)],
] as const)
  test(`deep ${name} are a problem and no crash`, () => assert.ok(messages(text).length > 0))

test('a field named __proto__ stays a field', () => {
  const [value] = values('{"__proto__": {"polluted": 1}, "b": 1}', 'a.json')
  assert.deepEqual(Object.keys(value ?? {}), ['__proto__', 'b'])
  assert.equal(Object.getPrototypeOf(value), Object.prototype)
})

const token = fc.constantFrom(
  'a',
  'kind',
  ': ',
  ':',
  '- ',
  '\n',
  '\n  ',
  '\n    ',
  '{',
  '}',
  '[',
  ']',
  ',',
  '"',
  "'",
  '&x ',
  '*x',
  '<<: ',
  '!',
  '|',
  '>',
  '---\n',
  '%',
  '\t',
  '#',
  '?',
  '1',
  'null',
  '\\',
  '\u0000',
  '\uFEFF',
)
test('no text makes it throw, and every problem has a position within the text', () => {
  const anything = fc.oneof(
    fc.array(token, { maxLength: 40 }).map(t => t.join('')),
    fc.string({ unit: 'binary', maxLength: 60 }),
  )
  fc.assert(
    fc.property(anything, fc.constantFrom('a.yaml', 'a.json'), (text, file) => {
      const lines = text.split('\n').length
      const { problems, declarations, whole } = readText(text, file)
      for (const { position } of problems)
        assert.ok(position && position.line >= 1 && position.line <= lines && position.column >= 1)
      for (const { at } of declarations) assert.ok((at(['x', 0])?.line ?? 0) >= 1)
      assert.equal(whole, problems.length === 0)
    }),
    { numRuns: 3000 },
  )
})
