import assert from 'node:assert/strict'
import { test } from 'node:test'
import { snapshotOf } from '../../../test/support/gateway.ts'
import { plain } from '../../../test/support/policies.ts'
import { clientLimits } from './limits.ts'

/** Spec of a ClientPolicy, and what is said of it. */
for (const [client, expected] of [
  [{}, /^request line /],
  [{}, /10000 that have said nothing yet/],
  [{ limits: { openings: 0 } }, /^(?!.*said nothing yet)/],
  [{ proxyProtocol: {} }, /^PROXY header V1 or V2, request line /],
  [
    { proxyProtocol: { versions: ['V2'] }, trustedPeers: ['10.0.0.0/8'] },
    /^PROXY header V2 from 10\.0\.0\.0\/8, /,
  ],
  [
    { proxyProtocol: { required: false }, trustedPeers: ['10.0.0.1', '10.0.0.2'] },
    /^PROXY header V1 or V2 from 10\.0\.0\.1 and 10\.0\.0\.2, or none, /,
  ],
] as const)
  test(`${JSON.stringify(client)}: ${expected.source}`, () => {
    const [port] = snapshotOf(plain(1, { client })).ports
    assert.match(clientLimits(port!), expected)
  })
