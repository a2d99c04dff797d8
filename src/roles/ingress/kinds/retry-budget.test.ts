import assert from 'node:assert/strict'
import { test } from 'node:test'
import { retryBudgetOf } from './retry-budget.ts'

for (const [interval, count, per, expected] of [
  ['10s', 10, '10s', 10],
  ['21s', 1, '7s', 3],
  ['10s', 1, '3s', 4],
  ['10s', 1, '1h', 1],
  ['1h', 1, '1h', 1],
] as const)
  test(`${count} retries in ${per} are ${expected} in ${interval}`, () => {
    const { minRetries } = retryBudgetOf({ interval, minRetries: { count, interval: per } })
    assert.equal(minRetries, expected)
  })
