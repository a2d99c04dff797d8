import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limitText } from './limit-text.ts'

for (const [limit, text] of [
  [{ kind: 'Rate', amount: 5, per: 'Second', burst: 10 }, '5 requests a second, at most 10 at once'],
  [{ kind: 'Rate', amount: 60, per: 'Hour' }, '60 requests an hour'],
  [{ kind: 'Quota', amount: 1000, per: 'Day' }, '1,000 requests a day, by the calendar of UTC'],
  [
    { kind: 'Quota', amount: 9, per: 'Month', anchor: 'Subscription', unit: 'Cost', exceeded: 'Flag' },
    '9 of cost a month, since the subscription began, more is allowed, and flagged',
  ],
  [
    {
      kind: 'Quota',
      amount: 3,
      per: 'Lifetime',
      scope: 'Operation',
      operations: ['a', 'b'],
      counters: 'Exact',
    },
    '3 requests in all, for each operation, only a, b, of all gateways together',
  ],
] as const)
  test(`a limit in words: ${text}`, () => assert.equal(limitText({ name: 'x', ...limit }), text))
