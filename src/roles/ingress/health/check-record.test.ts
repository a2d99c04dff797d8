import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CheckRecord } from './check-record.ts'

for (const [what, answers, expected] of [
  ['the first check decides, good', ['.'], ['.']],
  ['the first check decides, bad', ['x'], ['x']],
  ['three in a row until it is out', ['.', 'x', 'x', 'x'], ['.', 'x']],
  ['two in a row are not enough', ['.', 'x', 'x', '.', 'x', 'x'], ['.']],
  ['two in a row until it is back', ['x', '.', 'x', '.', '.'], ['x', '.']],
  ['why it is out may change at once', ['x', 'y'], ['x', 'y']],
  ['nothing is said twice', ['.', '.', 'x', 'x', 'x', 'x'], ['.', 'x']],
] as const)
  test(what, () => {
    const record = new CheckRecord()
    const told = answers.filter(answer =>
      record.take(answer === '.' ? '' : answer, { healthyThreshold: 2, unhealthyThreshold: 3 }),
    )
    assert.deepEqual(told, expected)
  })
