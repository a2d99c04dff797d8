import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Usage } from './shapes/usage.ts'
import { usageCsv } from './usage-csv.ts'

const sums = {
  requests: 3,
  denied: 1,
  errors: 0,
  overQuota: 0,
  requestBytes: 10,
  responseBytes: 20.5,
  cost: 1.5,
}
const answer: Usage = {
  from: '2026-03-04T00:00:00.000Z',
  to: '2026-03-05T00:00:00.000Z',
  step: 'total',
  groupBy: [],
  items: [{ at: null, by: {}, ...sums }],
  next: null,
  total: sums,
  names: {},
}
const SUMS = 'requests,denied,errors,overQuota,requestBytes,responseBytes,cost'
const NUMBERS = '3,1,0,0,10,20.5,1.5'

test('a header and a line for each row', () => assert.equal(usageCsv(answer), `${SUMS}\r\n${NUMBERS}\r\n`))

test('time first, and names beside ids', () =>
  assert.equal(
    usageCsv({
      ...answer,
      step: 'hour',
      groupBy: ['application', 'status'],
      items: [{ at: '2026-03-04T01:00:00.000Z', by: { application: 'id1', status: '2xx' }, ...sums }],
      names: { id1: 'mobile' },
    }),
    `at,application,applicationName,status,${SUMS}\r\n2026-03-04T01:00:00.000Z,id1,mobile,2xx,${NUMBERS}\r\n`,
  ))

for (const [text, expected] of [
  ['plain', 'plain'],
  ['', ''],
  ['a,b', '"a,b"'],
  ['say "x"', '"say ""x"""'],
  ['two\nlines', '"two\nlines"'],
  ['=cmd|calc', "'=cmd|calc"],
  ['+1', "'+1"],
  ['-1', "'-1"],
  ['@SUM(A1)', "'@SUM(A1)"],
  [' =1', "' =1"],
  ['\t=1', "'\t=1"],
  ['=1,2', `"'=1,2"`],
  ['a=1', 'a=1'],
] as const)
  test(`a cell of ${JSON.stringify(text)}`, () => {
    const by = { operation: text }
    const csv = usageCsv({ ...answer, groupBy: ['operation'], items: [{ at: null, by, ...sums }] })
    assert.equal(csv, `operation,${SUMS}\r\n${expected},${NUMBERS}\r\n`)
  })
