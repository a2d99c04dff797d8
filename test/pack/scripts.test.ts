// Every test file is run by one of the scripts that CI calls, and by one alone: what a pattern misses would never fail again.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '../..')
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>
}
/** Tests of examples, which a test of ours has run as their README says. */
const byExamples = ['examples/storefront/storefront.test.ts']
const running = ['test', 'test:slow', 'test:cluster', 'test:console']
const ci = readFileSync(join(root, '.ci/run'), 'utf8')

const filesOf = (script: string): string[] =>
  globSync(
    [...scripts[script]!.matchAll(/'([^']+)'/g)].map(([, pattern]) => pattern!),
    { cwd: root },
  )

test('each test file is run by one script', () => {
  const all = globSync('*/**/*.test.ts', {
    cwd: root,
    exclude: name => /(^|\/)(node_modules|dist)$/.test(name),
  })
  assert.ok(all.length > 400, String(all.length))
  assert.deepEqual([...running.flatMap(filesOf), ...byExamples].toSorted(), all.toSorted())
})

for (const script of running)
  test(`CI calls ${script}`, () => {
    assert.match(ci, new RegExp(`^npm (run )?${script}$`, 'm'))
  })
