import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crowdKey, providerKey, shareKey } from './share-key.ts'

for (const [address, key] of [
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::FFFF:192.0.2.1', '192.0.2.1'],
  ['::ffff:c000:201', '192.0.2.1'],
  ['0:0:0:0:0:ffff:192.0.2.1', '192.0.2.1'],
  ['0000:0000:0000:0000:0000:ffff:c000:0201', '192.0.2.1'],
  ['::ffff:255.255.255.255', '255.255.255.255'],
  // Not mapped: an address of IPv6 like any other.
  ['::192.0.2.1', '0:0:0:0::/64'],
  ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
  ['2001:db8:0:1::', '2001:db8:0:1::/64'],
  ['2001:db8:0:1::1', '2001:db8:0:1::/64'],
  ['2001:DB8:0:1:ffff:ffff:ffff:ffff', '2001:db8:0:1::/64'],
  ['2001:0db8:0000:0001:0000:0000:0000:0001', '2001:db8:0:1::/64'],
  ['2001:db8::1:0:0:0:1', '2001:db8:0:1::/64'],
  ['2001:db8:0:2::1', '2001:db8:0:2::/64'],
  ['1:2:3:4:5:6:7:8', '1:2:3:4::/64'],
  ['1:2:3:4:5:6:7::', '1:2:3:4::/64'],
  ['::2:3:4:5:6:7:8', '0:2:3:4::/64'],
  ['1:2:3:4:5:6:192.0.2.1', '1:2:3:4::/64'],
  ['::', '0:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['fe80::2', 'fe80:0:0:0::/64'],
  ['', ''],
  ['unix:', 'unix:'],
  ['1:2', '1:2'],
] as const)
  test(`${address} has the share of ${key}`, () => assert.equal(shareKey(address), key))

for (const [address, crowd] of [
  ['192.0.2.1', '192.0.2.0/24'],
  ['::ffff:192.0.2.1', '192.0.2.0/24'],
  ['2001:db8:1:2::1', '2001:db8:1::/48'],
  ['2001:db8::1', '2001:db8:0::/48'],
  ['::1', '0:0:0::/48'],
] as const)
  test(`${address} is one of the crowd of ${crowd}`, () => assert.equal(crowdKey(address), crowd))

for (const [address, provider] of [
  ['192.0.2.1', '192.0.0.0/16'],
  ['::ffff:192.0.2.1', '192.0.0.0/16'],
  ['2001:db8:1:2::1', '2001:db8::/32'],
  ['2001:DB8::1', '2001:db8::/32'],
  ['::1', '0:0::/32'],
] as const)
  test(`${address} is of the provider ${provider}`, () => assert.equal(providerKey(address), provider))
