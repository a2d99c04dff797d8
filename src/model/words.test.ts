import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parseResources } from '../../test/support/declared.ts'

suite('quotes that are missing', () => {
  for (const [what, yaml, hinted] of [
    ['a boolean as an annotation', 'metadata: { name: x, annotations: { a: true } }', true],
    ['a number as a label', 'metadata: { name: x, labels: { a: 1 } }', true],
    ['a number as a value', 'metadata: { name: x }\ndata: { a: 8080 }', true],
    ['a number as a name', 'metadata: { name: 1 }', true],
    ['a number as a time', 'metadata: { name: x, creationTimestamp: 2026 }', false],
    ['a list as a value', 'metadata: { name: x }\ndata: { a: [] }', false],
  ] as const)
    test(`${what} ${hinted ? 'lacks them' : 'lacks more'}`, () => {
      const { problems } = parseResources('a.yaml', `apiVersion: v1\nkind: ConfigMap\n${yaml}\n`)
      assert.equal(problems[0]?.message.endsWith('(put it in quotes)'), hinted, problems[0]?.message)
    })

  test('10 in quotes is no duration', () => {
    const { problems } = parseResources(
      'a.yaml',
      'apiVersion: portcullis.dev/v1alpha1\nkind: BackendPolicy\nmetadata: { name: x }\nspec: { targetRefs: [{ group: "", kind: Service, name: s }], connections: { idleTimeout: 10 } }\n',
    )
    assert.match(
      problems[0]?.message ?? '',
      /is an integer, expected a duration like "500ms", "10s" or "1m30s"$/,
    )
  })

  test('a pattern in place of a path is told of RegularExpression', () => {
    const { problems } = parseResources(
      'a.yaml',
      'apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: { name: x }\nspec: { rules: [{ matches: [{ path: { value: "/items/[0-9]+" } }] }] }\n',
    )
    assert.match(problems[0]?.message ?? '', /, or type RegularExpression for a pattern$/)
  })
})
