import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeReading, encodeReading } from './encoded-reading.ts'
import { readText } from './yaml.ts'

const route = `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: a, labels: { "1": x, b: "2" } }
spec:
  parentRefs:
    - name: gw
  rules:
    - matches:
        - path: { type: PathPrefix, value: "/é\\u0041 — ü" }
      timeouts: { request: 1.5e3 }
      empty: []
      nothing: {}
      none: null
      on: true
`
const paths = [
  [],
  ['kind'],
  ['metadata', 'labels', '1'],
  ['spec', 'rules', 0, 'matches', 0, 'path', 'value'],
  ['spec', 'rules', 0, 'none'],
  ['spec', 'rules', 0, 'nothing', 'below'],
  ['spec', 'rules', 7],
]

for (const [name, file, text] of [
  ['a document', 'a.yaml', route],
  ['documents', 'a.yaml', `# a comment\n${route}---\r\n${route}\n---\n`],
  [
    'a list in JSON',
    'a.json',
    JSON.stringify(
      {
        apiVersion: 'v1',
        kind: 'List',
        items: [{ apiVersion: 'x/v1', kind: 'HTTPRoute', a: [1, -2.5, null, [false]] }],
      },
      null,
      2,
    ),
  ],
  ['aliases and merge keys', 'a.yaml', `kind: Service\na: &a { x: [1, 2] }\nb: *a\nc: { <<: *a, y: 3 }\n`],
  ['nothing', 'a.yaml', '# nothing'],
] as const)
  test(`${name}: what comes back is what was read, with every place`, () => {
    const read = readText(text, file)
    const line = encodeReading(read)
    assert.ok(line !== null)
    assert.ok(!line.includes('\n'))
    const back = decodeReading(line, text, file)
    assert.ok(back !== null)
    assert.deepEqual(
      back.declarations.map(({ value }) => value),
      read.declarations.map(({ value }) => value),
    )
    assert.equal(back.declarations.length, read.declarations.length)
    for (const [i, { at }] of read.declarations.entries())
      for (const path of paths)
        assert.deepEqual(back.declarations[i]!.at(path), at(path), JSON.stringify(path))
  })

for (const [name, text] of [
  ['a Secret', 'apiVersion: v1\nkind: Secret\ndata: { key: aHVudGVyMg== }\n'],
  ['a Secret among others', `${route}---\napiVersion: v1\nkind: Secret\nstringData: { key: hunter2 }\n`],
  ['a ConfigMap', 'apiVersion: v1\nkind: ConfigMap\ndata: { key: hunter2 }\n'],
  ['a kind that nobody knows', 'apiVersion: x/v1\nkind: SealedSecret\n'],
  ['a text that is broken', 'kind: [HTTPRoute\n'],
  ['a number that JSON lacks', 'kind: HTTPRoute\na: .inf\n'],
  ['a name that JSON reads otherwise', 'kind: HTTPRoute\n__proto__: { a: 1 }\n'],
] as const)
  test(`${name} is not written down`, () => {
    assert.equal(encodeReading(readText(text, 'a.yaml')), null)
  })

for (const line of [
  '',
  'null',
  '{',
  '[{}]',
  '[{"value":{"kind":"x"},"offsets":[0]}]',
  '[{"value":1,"offsets":[0,1]}]',
  '[{"value":1,"offsets":["0"]}]',
])
  test(`${line || 'nothing'} is no reading`, () => {
    assert.equal(decodeReading(line, 'kind: x', 'a.yaml'), null)
  })
