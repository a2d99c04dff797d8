import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SubscriptionLimit } from '../../../src/api/shapes/limit.ts'
import { leftText, renewsText } from './left-text.ts'

const usual: SubscriptionLimit = {
  name: 'monthly',
  kind: 'Quota',
  unit: 'Requests',
  per: 'Month',
  operation: null,
  credential: null,
  amount: 4000,
  used: 1,
  left: 3999,
  renewsAt: '2026-12-01T00:00:00Z',
  exceeded: 'Deny',
  flagged: false,
  counters: 'Local',
  known: true,
}

for (const [limit, text] of [
  [{}, '3,999 of 4,000 requests this month'],
  [{ per: 'Lifetime', unit: 'Cost' }, '3,999 of 4,000 of cost in all'],
  [{ kind: 'Rate', per: 'Second', amount: 10, left: 9 }, '9 of 10 requests at once'],
  [{ operation: 'getItem', unit: 'Bytes', per: 'Day' }, '3,999 of 4,000 bytes this day, for getItem'],
] as const)
  test(`what is left in words: ${text}`, () => assert.equal(leftText({ ...usual, ...limit }), text))

test('a quota says when it renews, a rate and what never does say nothing', () => {
  assert.match(renewsText(usual), /^renews (1 Dec|30 Nov)/)
  assert.equal(renewsText({ ...usual, renewsAt: null }), '')
  assert.equal(renewsText({ ...usual, kind: 'Rate' }), '')
})
