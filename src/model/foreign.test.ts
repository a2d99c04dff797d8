import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { settle, type FileContent } from './last-good.ts'
import { keyOf } from './resources.ts'
import { parseResources, validate } from './validate.ts'
import { readText } from './yaml.ts'

const declared = (apiVersion: string, kind: string, name = 'shop') =>
  `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: { name: ${name} }\n---\n`

suite('kinds that are none of ours', () => {
  for (const [apiVersion, kind, severity] of [
    ['apps/v1', 'Deployment', 'warning'],
    ['v1', 'ServiceAccount', 'warning'],
    ['v1', 'Pod', 'warning'],
    ['cert-manager.io/v1', 'Certificate', 'warning'],
    // Misspelt, wherever it claims to belong.
    ['v1', 'Servcie', 'error'],
    ['apps/v1', 'HTTPRuote', 'error'],
    // All kinds of these groups are known by name.
    ['gateway.networking.k8s.io/v1', 'Thing', 'error'],
    ['portcullis.dev/v1alpha1', 'Thing', 'error'],
    ['""', 'Thing', 'error'],
  ] as const)
    test(`${kind} of ${apiVersion}: ${severity}`, () => {
      const { problems } = parseResources('a.yaml', declared(apiVersion, kind))
      assert.deepEqual(
        problems.map(problem => [problem.severity, problem.position?.line]),
        [[severity, 2]],
      )
    })

  test('one of the same name does not keep an object that was taken away', () => {
    const content = (text: string): FileContent => {
      const { declarations, problems, whole } = readText(text, 'a.yaml')
      return { file: 'a.yaml', validations: declarations.map(validate), problems, whole }
    }
    const map = `${declared('v1', 'ConfigMap').replace('---\n', '')}data: { a: b }\n---\n`
    const before = settle([content(map + declared('apps/v1', 'Deployment'))], [], () => '')
    assert.deepEqual(
      before.files.flatMap(({ resources }) => resources.map(keyOf)),
      ['ConfigMap/default/shop'],
    )
    const now = settle([content(declared('apps/v1', 'Deployment'))], before.files, () => '')
    assert.deepEqual(
      now.files.flatMap(({ resources }) => resources),
      [],
    )
    assert.deepEqual(now.held, [])
    assert.deepEqual(
      now.problems.map(({ severity }) => severity),
      ['warning'],
    )
  })
})
