import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  conditionFault,
  conditionTable,
  operators,
  type Attribute,
  type Operator,
} from './condition-table.ts'

for (const [attribute, name, operator, values, fault] of [
  ['Header', 'x-a', 'In', ['a'], null],
  ['Header', 'x-a', 'In', [], /^values: has 0 for In, expected 1 or more$/],
  ['Header', '', 'In', ['a'], /^name: is required for attribute: Header$/],
  ['Header', 'x a', 'In', ['a'], /^name: "x a" is no name of a header$/],
  ['Header', 'x-a', 'Exists', [], null],
  ['Header', 'x-a', 'Exists', ['a'], /^values: has 1 for Exists, expected none$/],
  ['Header', 'x-a', 'GreaterThan', ['10'], null],
  ['Header', 'x-a', 'GreaterThan', ['ten'], /^values\.0: "ten" is not valid, expected a number$/],
  ['Header', 'x-a', 'GreaterThan', ['1', '2'], /^values: has 2 for GreaterThan, expected 1$/],
  ['Query', 'n', 'Between', ['1', '2.5'], null],
  [
    'Query',
    'n',
    'Between',
    ['3', '2'],
    /^values: nothing is between 3 and 2, expected the smaller one first$/,
  ],
  ['Claim', 'a.b', 'Matches', ['a*'], null],
  ['Time', '', 'Between', ['22:00', '06:00'], null],
  ['Time', '', 'LessThan', ['2026-12-31T00:00:00Z'], null],
  ['Time', '', 'Between', ['18:00', '24:00'], null],
  ['Time', 'x', 'LessThan', ['08:00'], /^name: Time has no name$/],
  [
    'Time',
    '',
    'In',
    ['08:00'],
    /^operator: Time is not compared by In, expected GreaterThan, LessThan, Between$/,
  ],
  ['Time', '', 'LessThan', ['24:01'], /^values\.0: "24:01" is not valid, expected a time of day/],
  ['Time', '', 'LessThan', ['2026-13-01T00:00:00Z'], /^values\.0: .* is not valid, expected a time of day/],
  [
    'Time',
    '',
    'Between',
    ['08:00', '2026-12-31T00:00:00Z'],
    /^values: one is a time of day and one an instant/,
  ],
  [
    'Time',
    '',
    'Between',
    ['2026-12-31T00:00:00Z', '08:00'],
    /^values: one is a time of day and one an instant/,
  ],
  ['Time', '', 'Between', ['2026-12-31T00:00:00Z', '2026-01-01T00:00:00Z'], /^values: nothing is between/],
  ['Weekday', '', 'In', ['Monday', 'Sunday'], null],
  ['Weekday', '', 'In', ['monday'], /^values\.0: "monday" is not valid, expected a day like "Monday"$/],
  ['Address', '', 'NotIn', ['10.0.0.0/8', '::1'], null],
  ['Address', '', 'In', ['10.0.0.0/33'], /^values\.0: "10.0.0.0\/33" is not valid, expected an address/],
  ['Address', 'x', 'In', ['10.0.0.0/8'], /^name: Address has no name$/],
] as const)
  test(`${attribute} ${name} ${operator} ${values.join(' ')}: ${String(fault)}`, () => {
    const found = conditionFault({ attribute, name, operator, values, timeZone: '' })
    if (fault === null) assert.equal(found, null)
    else assert.match(found === null ? '' : `${found.path.join('.')}: ${found.message}`, fault)
  })

test('a time zone is for times alone', () => {
  const zoned = { name: '', values: ['Monday'], timeZone: 'Europe/Berlin' }
  assert.equal(conditionFault({ attribute: 'Weekday', operator: 'In', ...zoned }), null)
  const address = conditionFault({ attribute: 'Address', operator: 'In', ...zoned })
  assert.deepEqual(address, { path: ['timeZone'], message: 'Address has no time zone' })
})

test('every attribute has operators of the list, and each operator some attribute', () => {
  const used = new Set<Operator>()
  for (const attribute of Object.keys(conditionTable) as Attribute[])
    for (const operator of conditionTable[attribute].operators) used.add(operator)
  assert.deepEqual(new Set(operators), used)
})
