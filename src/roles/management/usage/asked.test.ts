import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { UsageQuery } from '../../../api/shapes/usage.ts'
import { cursorOf, usageQuestion } from './asked.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from './entry.ts'
import { piecesOf } from './pieces.ts'
import type { UsageQuestion } from './question.ts'
import { defaultRetention } from './retention.ts'

const nowMs = Date.parse('2026-03-04T13:42:11.5Z')

function ask(query: Partial<UsageQuery>): UsageQuestion {
  const whole = { step: 'total', order: 'key', limit: 100, ...query } as const
  return usageQuestion(whole, { nowMs, retention: defaultRetention, scope: null })
}

function span(query: Partial<UsageQuery>): readonly string[] {
  const { fromMs, toMs } = ask(query)
  return [fromMs, toMs].map(ms => new Date(ms).toISOString().replace(':00.000Z', ''))
}

for (const [what, query, expected] of [
  ['the last day', {}, ['2026-03-03T13:42', '2026-03-04T13:43']],
  ['by hours', { step: 'hour' }, ['2026-03-03T13:00', '2026-03-04T14:00']],
  ['by days', { step: 'day' }, ['2026-03-03T00:00', '2026-03-05T00:00']],
  [
    'what is whole already',
    { from: '2026-03-01T00:00:00Z', to: '2026-03-02T00:00:00Z', step: 'day' },
    ['2026-03-01T00:00', '2026-03-02T00:00'],
  ],
  [
    'of another place',
    { from: '2026-03-04T00:00:00+05:30', to: '2026-03-04T01:00:00+05:30' },
    ['2026-03-03T18:30', '2026-03-03T19:30'],
  ],
  [
    'what is known by hours only',
    { from: '2026-02-01T10:20:00Z', to: '2026-02-01T10:30:00Z' },
    ['2026-02-01T10:00', '2026-02-01T11:00'],
  ],
  [
    'what is known by days only',
    { from: '2025-02-01T10:20:00Z', to: '2026-03-04T10:30:30Z' },
    ['2025-02-01T00:00', '2026-03-04T10:31'],
  ],
] as const)
  test(`from and to: ${what}`, () => assert.deepEqual(span(query), expected))

for (const [what, query, message] of [
  ['no time', { from: 'yesterday' }, /from is no time, expected one such as 2027-01-31T12:00:00Z/],
  ['a day that is none', { to: '2026-13-41T00:00:00Z' }, /to is no time/],
  ['without a zone', { to: '2026-03-01T00:00:00' }, /to is no time/],
  ['backwards', { from: '2026-03-04T00:00:00Z', to: '2026-03-03T00:00:00Z' }, /from must be before to/],
  ['an unknown dimension', { groupBy: 'api,colour' }, /"colour" is not known, expected some of api, version/],
  ['one twice', { groupBy: 'api,plan,api' }, /api is there twice/],
  [
    'minutes that are gone',
    { step: 'minute', from: '2026-03-01T00:00:00Z' },
    /only each hour is still kept; ask with step=hour/,
  ],
  [
    'hours that are gone',
    { step: 'hour', from: '2025-03-01T00:00:00Z' },
    /only each day is still kept; ask with step=day/,
  ],
  ['days of a thousand years', { step: 'day', from: '2000-01-01T00:00:00Z' }, /more than 5000 steps/],
  ['a cursor of nobody', { groupBy: 'api', cursor: 'x' }, /cursor is none of this question/],
  ['of another question', { groupBy: 'api', cursor: cursorOf(['a', 'b']) }, /cursor is none of this/],
  [
    'of another step',
    { groupBy: 'api', step: 'hour', cursor: cursorOf(['a', 'b']) },
    /cursor is none of this/,
  ],
  ['of objects', { groupBy: 'api', cursor: cursorOf([{} as string]) }, /cursor is none of this/],
  ['where there is one page', { groupBy: 'api', order: 'requests', cursor: cursorOf(['a']) }, /has one page/],
] as const satisfies readonly (readonly [string, Partial<UsageQuery>, RegExp])[])
  test(`refused: ${what}`, () =>
    assert.throws(
      () => ask(query),
      (error: Error & { statusCode?: number }) => error.statusCode === 422 && message.test(error.message),
    ))

test('values that are chosen, one or several', () =>
  assert.deepEqual(ask({ api: 'default/a', status: ['2xx', '5xx'] }).chosen, {
    api: ['default/a'],
    status: ['2xx', '5xx'],
  }))

test('a cursor says after which row', () => {
  const row = [nowMs, 'default/a', 1]
  const query = { step: 'hour', groupBy: 'api,overQuota', cursor: cursorOf(row) } as const
  assert.deepEqual(ask(query).after, row)
})

test('a span is made of as few rows as can be', () => {
  const midnightMs = Date.parse('2026-03-04T00:00:00Z')
  const at = (days: number, hours = 0, minutes = 0): number =>
    midnightMs + days * DAY_MS + hours * HOUR_MS + minutes * MINUTE_MS
  const piece = (table: string, fromMs: number, toMs: number) => ({ table, fromMs, toMs })
  assert.deepEqual(piecesOf({ fromMs: at(0, 22, 30), toMs: at(3, 1, 1) }), [
    piece('usageMinutes', at(0, 22, 30), at(0, 23)),
    piece('usageHours', at(0, 23), at(1)),
    piece('usageDays', at(1), at(3)),
    piece('usageHours', at(3), at(3, 1)),
    piece('usageMinutes', at(3, 1), at(3, 1, 1)),
  ])
  assert.deepEqual(piecesOf({ fromMs: at(0, 1), toMs: at(0, 1) }), [])
})
