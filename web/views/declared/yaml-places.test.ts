import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readYaml } from './yaml-places.ts'

const text = `apiVersion: v1
kind: Plan
metadata:
  name: gold
  labels: { "a b": x }
spec:
  limits:
    - { name: daily, kind: Quota }
    - name: burst
      per: Second
`

for (const [path, line] of [
  ['', 1],
  ['kind', 2],
  ['metadata.labels["a b"]', 5],
  ['spec.limits', 7],
  ['spec.limits[0].kind', 8],
  ['spec.limits[1].per', 10],
  ['spec.limits[1].amount', 9],
  ['spec.limits[7]', 7],
  ['status.phase', 1],
] as const)
  test(`${path || 'the whole'} stands in line ${line}`, () => assert.equal(readYaml(text).lineOf(path), line))

for (const [what, broken, line] of [
  ['a quote that is not closed', 'kind: Plan\nmetadata: "x\n', 3],
  ['a key that is there twice', 'kind: Plan\nkind: API\n', 2],
  ['a second document', 'kind: Plan\n---\nkind: API\n', 2],
] as const)
  test(`${what} is told with its line`, () => {
    const { object, faults } = readYaml(broken)
    assert.equal(object, null)
    assert.equal(faults[0]?.line, line)
  })

test('a list is no object', () => assert.equal(readYaml('- a\n').object, null))
test('what is written is read', () =>
  assert.deepEqual(readYaml('kind: Plan\nspec: { n: 1 }\n').object, { kind: 'Plan', spec: { n: 1 } }))
