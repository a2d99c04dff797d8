import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Calendar } from './calendar.ts'

const now = Date.parse('2026-06-15T12:00:00Z')
const hour = 3_600_000
const early = { fromMs: now - 3 * hour, untilMs: now - 2 * hour }
const current = { fromMs: now - hour, untilMs: now + hour }
const late = { fromMs: now + 2 * hour, untilMs: now + 3 * hour }
const lastMoment = { fromMs: now - hour, untilMs: now }
const firstMoment = { fromMs: now, untilMs: now + hour }

/** Each row: what there is, what is said against it, and in how many milliseconds that may change. */
for (const [what, validity, objection, dueInMs] of [
  ['one that is valid', [current], null, hour + 1],
  ['one in its last moment', [lastMoment], null, 1],
  ['one in its first moment', [firstMoment], null, hour + 1],
  ['one that has expired', [early], 'what is in x expired on 2026-06-15T10:00:00.000Z', null],
  ['one to come', [late], 'what is in x is valid only from 2026-06-15T14:00:00.000Z on', 2 * hour],
  ['several, one of them valid', [early, current, late], null, hour + 1],
  [
    'several, none of them valid',
    [early, late],
    'what is in x is valid only from 2026-06-15T14:00:00.000Z on',
    2 * hour,
  ],
] as const)
  test(`of ${what}: ${objection ?? 'nothing against it'}`, () => {
    const calendar = new Calendar(now)
    assert.equal(calendar.objection('x', validity), objection)
    assert.equal(calendar.dueMs, dueInMs === null ? null : now + dueInMs)
  })

test('of many, the soonest change counts', () => {
  const calendar = new Calendar(now)
  for (const one of [late, current, early]) calendar.objection('x', [one])
  assert.equal(calendar.dueMs, now + hour + 1)
})

test('without a time nothing is said against anything', () => {
  const calendar = new Calendar(undefined)
  assert.equal(calendar.objection('x', [early]), null)
  assert.equal(calendar.dueMs, null)
})
