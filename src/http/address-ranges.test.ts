import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressRanges, isAddressRange } from './address-ranges.ts'

for (const [text, expected] of [
  ['10.0.0.1', true],
  ['10.0.0.0/8', true],
  ['0.0.0.0/0', true],
  ['10.0.0.1/32', true],
  ['2001:db8::/32', true],
  ['::1', true],
  ['::/0', true],
  ['10.0.0.0/33', false],
  ['2001:db8::/129', false],
  ['10.0.0.0/', false],
  ['10.0.0.0/08', false],
  ['10.0.0.0/-1', false],
  ['10.0.0.0/8/8', false],
  ['10.0.0', false],
  ['fe80::1%lo', false],
  ['balancer.internal', false],
  ['', false],
] as const)
  test(`${JSON.stringify(text)} is ${expected ? 'a' : 'no'} range`, () =>
    assert.equal(isAddressRange(text), expected))

for (const [ranges, address, expected] of [
  [[], '10.0.0.1', false],
  [['10.0.0.0/8'], '10.255.0.1', true],
  [['10.0.0.0/8'], '11.0.0.1', false],
  [['10.0.0.7/8'], '10.1.1.1', true],
  [['10.0.0.0/8'], '::ffff:10.0.0.1', true],
  [['10.0.0.0/8'], '', false],
  [['0.0.0.0/0'], '2001:db8::1', false],
  [['192.0.2.1', '2001:db8::/32'], '2001:db8:1::1', true],
  [['192.0.2.1', '2001:db8::/32'], '192.0.2.1', true],
  [['192.0.2.1', '2001:db8::/32'], '192.0.2.2', false],
] as const)
  test(`${JSON.stringify(ranges)} ${expected ? 'has' : 'does not have'} ${JSON.stringify(address)}`, () =>
    assert.equal(addressRanges(ranges).has(address), expected))
