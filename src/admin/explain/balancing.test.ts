import assert from 'node:assert/strict'
import { test } from 'node:test'
import { snapshotOf } from '../../../test/support/gateway.ts'
import { plain } from '../../../test/support/policies.ts'
import { balancingTexts } from './balancing.ts'

/** Each row: spec.loadBalancing of a BackendPolicy, and what explain says of it. */
for (const [loadBalancing, ...expected] of [
  [{}],
  [{ type: 'RoundRobin' }],
  [{ type: 'PeakEWMA' }, 'PeakEWMA'],
  [{ slowStart: { window: '30s' } }, 'RoundRobin, endpoints that come are eased in over 30s'],
  [
    { type: 'ConsistentHash', consistentHash: { source: 'Header', name: 'x-user' } },
    'ConsistentHash, Header x-user',
  ],
  [
    { type: 'Maglev', consistentHash: { source: 'ClientIdentity', tableSize: 5003 } },
    'Maglev, ClientIdentity tableSize 5003',
  ],
  [
    { zoneAware: { preferLocal: {} } },
    'RoundRobin, the own zone first, as far as it bears them, with 6 endpoints or more',
  ],
  [
    {
      type: 'LeastRequest',
      zoneAware: { preferLocal: { minEndpointsThreshold: 1, percentageEnabled: 50, force: {} } },
      subsets: { size: 20 },
    },
    'LeastRequest, the own zone first for 50 % of the requests, with 1 serving there or more, about 20 endpoints for each worker',
  ],
] as const)
  test(`${JSON.stringify(loadBalancing)}: ${expected.join()}`, () => {
    const [cluster] = snapshotOf(plain(9000, { upstream: { loadBalancing } })).clusters
    assert.deepEqual(balancingTexts(cluster!), expected)
  })
