import assert from 'node:assert/strict'
import { test } from 'node:test'
import { snapshotOf } from '../../../test/support/gateway.ts'
import { plain } from '../../../test/support/policies.ts'
import { clientLimits, clusterLimits } from './limits.ts'

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

/** Spec of a BackendPolicy, and what is said of it. */
for (const [upstream, expected] of [
  [{}, /^(?!.*(repeated|breaker|retries))/],
  [
    { timeouts: { request: '5s', attempt: '2s', firstByte: '500ms' } },
    /a request 5s, each attempt 2s, head of a response within 500ms/,
  ],
  [
    {
      retry: { attempts: 2, retryOn: { triggers: ['reset', '5xx', 'unavailable'], httpStatusCodes: [409] } },
    },
    /repeated 2 times after reset or 409 or 500 to 599 or grpc-status 14 with pauses of 25ms to 250ms/,
  ],
  [
    { retry: { backOff: { baseInterval: '1s' } } },
    /repeated as routes say after connect-failure or reset or/,
  ],
  [{ retry: { attempts: 0 } }, /nothing repeated/],
  [{ retry: { attempts: 2 }, meshMode: 'Strict' }, /a mesh behind repeats what fails(?!.*repeated 2)/],
  [{ adaptiveConcurrency: { minLimit: 5 } }, /5 to 1000 requests at once, by how long they take/],
  [{ retryBudget: { percent: 10 } }, /retries at most 10 % of the requests of 10s or 10/],
  [
    { circuitBreaker: { maxParallelRequests: 200, maxParallelRetries: 5, trip: { slowPercent: 30 } } },
    /200 requests at once, 5 of them repeating, breaker open for 5s where 50 % failed or 30 % took over 5s of at least 20 attempts in 10s then 3 probes/,
  ],
] as const)
  test(`${JSON.stringify(upstream)}: ${expected.source}`, () => {
    const [cluster] = snapshotOf(plain(1, { upstream })).clusters
    assert.match(clusterLimits(cluster!), expected)
  })
