import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { wantedRole } from './commands/users-flags.ts'
import { spanS, timeOf } from './flags.ts'
import { applicationName } from './operands.ts'

suite('spans and times', () => {
  for (const [text, expected] of [
    ['90d', 7_776_000],
    ['2w', 1_209_600],
    ['12h', 43_200],
    ['30m', 1_800],
    ['0s', 0],
  ] as const)
    test(`${text} is ${expected} s`, () => assert.equal(spanS(text), expected))

  for (const text of ['', '90', 'd', '1.5h', '-1d', '1y'])
    test(`"${text}" is no span`, () => assert.throws(() => spanS(text), /is no span of time/))

  for (const [text, expected] of [
    ['2027-01-31', '2027-01-31T00:00:00.000Z'],
    ['2027-01-31T12:00:00Z', '2027-01-31T12:00:00.000Z'],
    ['2027-01-31T12:00:00+02:00', '2027-01-31T10:00:00.000Z'],
  ] as const)
    test(`${text} is ${expected}`, () => assert.equal(timeOf(text), expected))

  test('a span is from now on, or before now', () => {
    const [later, before] = [Date.parse(timeOf('1d')), Date.parse(timeOf('1d', -1))]
    // Both were taken within the moment between them.
    assert.ok(later - before >= 2 * 86_400_000 - 60_000)
  })

  for (const text of ['tomorrow', '2027-13-01', '2027-01-31 12:00', '12:00'])
    test(`"${text}" is no time`, () => assert.throws(() => timeOf(text), /is no time, expected/))
})

suite('names', () => {
  for (const [text, expected] of [
    ['mobile', { account: 'of the flag', name: 'mobile' }],
    ['acme/mobile', { account: 'acme', name: 'mobile' }],
  ] as const)
    test(text, () => assert.deepEqual(applicationName(text, 'of the flag'), expected))
  for (const text of ['/mobile', 'acme/', 'a/b/c'])
    test(`"${text}" is none`, () => assert.throws(() => applicationName(text, ''), /names no application/))

  for (const [text, role, scope, of] of [
    ['viewer', 'viewer', 'organization', ''],
    ['viewer@organization/acme', 'viewer', 'organization', 'acme'],
    ['api-owner@team/pets', 'api-owner', 'team', 'pets'],
    ['developer@account/acme', 'developer', 'account', 'acme'],
    ['admin@platform', 'admin', 'platform', ''],
  ] as const)
    test(`role ${text}`, () => assert.deepEqual(wantedRole(text), { role, scope, of }))
  for (const text of ['viewr', 'viewer@team', 'viewer@pets', 'viewer@a/b/c', 'viewer@team/a@b', '@platform'])
    test(`no role: ${text}`, () => assert.throws(() => wantedRole(text), /expected/))
})
