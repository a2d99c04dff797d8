import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Folder } from '../../support/process.ts'
import { differences, expectedFailures, profilesOf } from './suite.ts'

const outcome = (passed: readonly string[], failed: readonly string[], ended = true) => ({
  passed: new Set(passed),
  failed: new Set(failed),
  ended,
})

for (const [what, came, expected, wrong] of [
  ['what is expected', outcome(['A'], ['B']), ['B'], []],
  ['a failure', outcome(['A'], ['B', 'C']), ['B'], ['C failed']],
  ['a test that passes', outcome(['A', 'B'], []), ['B'], ['B passes, and is expected to fail']],
  ['one that was not run', outcome(['A'], []), ['B'], []],
  ['a suite that broke off', outcome(['A'], [], false), [], ['the suite did not come to its end']],
  ['a suite without tests', outcome([], []), [], ['no test has run']],
] as const)
  test(`${what} is ${wrong.length === 0 ? 'no' : 'a'} difference`, () => {
    assert.deepEqual(differences(came, new Set(expected)), wrong)
  })

test('the list has a test a line, and the report the numbers of profiles', () => {
  using folder = new Folder({
    'expected.txt': 'A for a reason\n\nB\n',
    'report.yaml': `
profiles:
  - name: GATEWAY-HTTP
    core: { statistics: { Passed: 3, Failed: 1, Skipped: 0 } }
    extended: { statistics: { Passed: 2, Failed: 0, Skipped: 1 }, unsupportedFeatures: [X] }
  - name: GATEWAY-TCP
    core: { statistics: { Passed: 1, Failed: 0, Skipped: 0 } }
`,
  })
  assert.deepEqual([...expectedFailures(`${folder.path}/expected.txt`)], ['A', 'B'])
  assert.deepEqual(profilesOf(folder.path), [
    'GATEWAY-HTTP core 3/4, extended 2/3; not claimed: X',
    'GATEWAY-TCP core 1/1',
  ])
})
