import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ClientShares } from './client-shares.ts'
import { connectionBound } from './connection-bound.ts'

/** Whose share a connection from that address takes of; "" for none. */
for (const [settings, address, expected] of [
  [{ trustedPeers: '', sharing: 'client' }, '192.0.2.1', '192.0.2.1'],
  [{ trustedPeers: '', sharing: 'client' }, '2001:db8:0:1::5', '2001:db8:0:1::/64'],
  [{ trustedPeers: '', sharing: 'off' }, '192.0.2.1', 'all'],
  [{ trustedPeers: '10.0.0.0/8,2001:db8::/32', sharing: 'client' }, '10.1.2.3', ''],
  [{ trustedPeers: '10.0.0.0/8,2001:db8::/32', sharing: 'client' }, '2001:db8::1', ''],
  [{ trustedPeers: '10.0.0.0/8,2001:db8::/32', sharing: 'client' }, '192.0.2.1', '192.0.2.1'],
  [{ trustedPeers: '10.0.0.0/8', sharing: 'off' }, '10.1.2.3', ''],
] as const)
  test(`${address} where ${JSON.stringify(settings)}: ${JSON.stringify(expected)}`, () =>
    assert.equal(new ClientShares(settings).of(address), expected))

test('a request that a balancer has brought counts as its client', () => {
  const shares = new ClientShares({ trustedPeers: '10.0.0.0/8', sharing: 'client' })
  assert.equal(shares.ofClient('10.1.2.3'), '10.1.2.3')
})

test('the workers of a process share what it may have open', () => {
  const alone = connectionBound(1)
  assert.ok(alone > 0)
  assert.ok(connectionBound(1_000) <= Math.ceil(alone / 2))
})
