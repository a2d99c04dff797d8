import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parseResources } from '../../../../test/support/declared.ts'
import { backendPolicy, plain } from '../../../../test/support/policies.ts'
import { backend, gateway, tcpRoute, to, yamlOf } from '../../../../test/support/resources.ts'
import { udpBackend } from '../../../../test/support/udp.ts'
import { translate } from '../../../../test/support/translate.ts'
import { Resources } from '../../../model/resources.ts'

/** What is doubted of a BackendPolicy with this spec, whose Backend has so many endpoints: fields and reasons. */
function doubted(spec: object, endpoints: number): readonly string[] {
  const ports = Array.from({ length: endpoints }, (_, i) => 9_000 + i)
  const { resources, unenforced, problems } = parseResources('a.yaml', plain(ports, { upstream: spec }))
  assert.deepEqual(problems, [])
  return translate(Resources.of(resources, unenforced)).problems.map(
    ({ path, reason }) => `${path.slice(1).join('.')} ${reason ?? ''}`,
  )
}

/** The same of its endpoints in these zones. */
function doubtedInZones(preferLocal: object, zones: readonly string[]): readonly string[] {
  const endpoints = zones.map((zone, i) => ({ address: '127.0.0.1', port: 9_000 + i, zone }))
  const text = plain([], { upstream: { loadBalancing: { zoneAware: { preferLocal } } } })
  const { resources, problems } = parseResources(
    'a.yaml',
    text.replace('"endpoints":[]', `"endpoints":${JSON.stringify(endpoints)}`),
  )
  assert.deepEqual(problems, [])
  return translate(Resources.of(resources)).problems.map(({ message }) => message)
}

for (const [preferLocal, zones, expected] of [
  [{}, ['a', 'a', 'a', 'b', 'b', 'b'], []],
  [
    {},
    ['a', 'b', 'b'],
    ['3 of 6 endpoints are there (minEndpointsThreshold), so that zones count for nothing'],
  ],
  [{ minEndpointsThreshold: 3 }, ['a', 'b', 'b'], []],
  [
    { minEndpointsThreshold: 3 },
    ['a', 'a', 'a'],
    ['all endpoints are in the zone a, so that there is none to be preferred'],
  ],
  [
    { minEndpointsThreshold: 1, percentageEnabled: 0 },
    ['a', 'b'],
    ['0: the own zone is preferred for no request'],
  ],
] as const)
  test(`the own zone with ${JSON.stringify(preferLocal)} of ${zones.join()}: ${expected.join() || 'nothing'}`, () => {
    assert.deepEqual(doubtedInZones(preferLocal, zones), expected)
  })

suite('settings of backends that can never apply are doubted, and those just beside them are not', () => {
  // oxfmt-ignore
  for (const [spec, expected, endpoints = 5] of [
    [{ timeouts: { request: '2s', attempt: '2s' } }, ''],
    [{ timeouts: { request: '2s', attempt: '2s' }, retry: { attempts: 1 } }, 'timeouts.attempt NeverApplies'],
    [{ timeouts: { request: '2s', attempt: '1999ms' }, retry: { attempts: 1 } }, ''],
    [{ timeouts: { request: '2s', attempt: '2s' }, retry: { attempts: 1, retryOn: { triggers: ['5xx'] } } }, ''],
    [{ timeouts: { firstByte: '2s' } }, ''],
    [{ timeouts: { firstByte: '2s', request: '2s' } }, 'timeouts.firstByte NeverApplies'],
    [{ timeouts: { firstByte: '2s', attempt: '3s' } }, ''],
    [{ healthChecks: { type: 'TLS' } }, 'healthChecks.type CheckNotSecured'],
    [{ healthChecks: { type: 'TCP' } }, ''],
    [{ healthChecks: { http: { statuses: [] } } }, 'healthChecks.http.statuses CheckNeverPasses'],
    [{ healthChecks: { http: { statuses: [204] } } }, ''],
    [{ outlierDetection: { maxEjectedPercent: 0, panicThreshold: 10 } }, ''],
    [{ outlierDetection: { maxEjectedPercent: 0, consecutive5xx: 1 } }, 'outlierDetection.maxEjectedPercent NeverApplies'],
    [{ outlierDetection: { successRate: {} } }, ''],
    [{ outlierDetection: { successRate: {} } }, 'outlierDetection.successRate NeverApplies', 4],
    [{ outlierDetection: { successRate: { minEndpoints: 4 } } }, 'outlierDetection.successRate NeverApplies', 4],
    [{ outlierDetection: { successRate: { minEndpoints: 4, deviations: 1.5 } } }, '', 4],
    [{ outlierDetection: { latency: {} } }, '', 3],
    [{ outlierDetection: { latency: {} } }, 'outlierDetection.latency NeverApplies', 2],
    [{ outlierDetection: { interval: '1s' } }, 'outlierDetection.interval NeverApplies'],
    [{ outlierDetection: { interval: '1s', latency: {} } }, ''],
    [{ outlierDetection: { consecutive5xx: 3, consecutiveGatewayErrors: 4 } }, 'outlierDetection.consecutiveGatewayErrors NeverApplies'],
    [{ outlierDetection: { consecutive5xx: 3, consecutiveGatewayErrors: 3 } }, ''],
    [{ outlierDetection: { baseEjection: '1h' } }, 'outlierDetection.baseEjection NeverApplies'],
    [{ outlierDetection: { baseEjection: '1h', maxEjection: '1h' } }, ''],
    [{ circuitBreaker: { trip: { errorPercent: 0 } } }, 'circuitBreaker.trip NeverApplies'],
    [{ circuitBreaker: { trip: { errorPercent: 0, slowPercent: 1 } } }, ''],
    [{ circuitBreaker: { trip: { slowPercent: 1 } }, timeouts: { firstByte: '5s' } }, 'circuitBreaker.trip.slowPercent NeverApplies'],
    [{ circuitBreaker: { trip: { slowPercent: 1, slowAfter: '1s' } }, timeouts: { firstByte: '5s' } }, ''],
    [{ circuitBreaker: { trip: { slowPercent: 1, slowAfter: '5s' } }, timeouts: { attempt: '5s' } }, 'circuitBreaker.trip.slowPercent NeverApplies'],
    [{ circuitBreaker: { trip: { slowPercent: 1, slowAfter: '5s' } }, timeouts: { request: '4s' } }, 'circuitBreaker.trip.slowPercent NeverApplies'],
    [{ circuitBreaker: { trip: { slowPercent: 1, slowAfter: '0s' } } }, 'circuitBreaker.trip.slowAfter AlwaysOpens'],
    [{ circuitBreaker: { trip: { slowPercent: 1, slowAfter: '1ms' } } }, ''],
    [{ circuitBreaker: { trip: { slowAfter: '1s' } } }, 'circuitBreaker.trip.slowAfter NeverApplies'],
    [{ circuitBreaker: { trip: { minRequests: 1 } } }, 'circuitBreaker.trip.minRequests OpensAtOnce'],
    [{ circuitBreaker: { trip: { minRequests: 2, errorPercent: 1 } } }, ''],
    [{ circuitBreaker: { trip: { minRequests: 1, errorPercent: 0, slowPercent: 50 } } }, ''],
    [{ hedging: {} }, '', 2],
    [{ hedging: { methods: [] } }, 'hedging.methods NeverApplies', 2],
    [{ hedging: { minDelay: '2s' }, timeouts: { request: '2s' } }, 'hedging.minDelay NeverApplies', 2],
    [{ hedging: { minDelay: '2s' }, timeouts: { firstByte: '1s' } }, 'hedging.minDelay NeverApplies', 2],
    [{ hedging: { minDelay: '1s' }, timeouts: { request: '2s' } }, '', 2],
    [{ loadBalancing: { subsets: { size: 4 } } }, ''],
    [{ outlierDetection: { consecutive5xx: 3 } }, '', 2],
    [{ outlierDetection: { panicThreshold: 0 } }, '', 1],
    [{ retryBudget: { percent: 0, minRetries: { count: 1, interval: '1h' } } }, 'retryBudget.minRetries RoundedUp'],
    [{ retryBudget: { percent: 0, minRetries: { count: 1, interval: '10s' } } }, ''],
    [{ retryBudget: { interval: '1h', minRetries: { count: 1, interval: '1h' } } }, ''],
    [{ retry: { attempts: 2, retryOn: { triggers: [] } } }, 'retry.retryOn NeverApplies'],
    [{ retry: { attempts: 2, retryOn: { triggers: [], httpStatusCodes: [503] } } }, ''],
    [{ retry: { retryOn: { triggers: ['unavailable'] } } }, 'retry.retryOn.triggers NotRepeated'],
    [{ retry: { nonIdempotent: true, retryOn: { triggers: ['unavailable'] } } }, ''],
    [{ meshMode: 'Disabled', retry: { attempts: 1 } }, ''],
    [{ retry: { attempts: 0 } }, ''],
  ] as const)
    test(`${JSON.stringify(spec)} with ${endpoints} endpoints: ${expected || 'nothing'}`, () => {
      assert.equal(doubted(spec, endpoints).join(), expected)
    })
})

suite('PROXY towards a backend', () => {
  for (const [kind, protocol, up, expected] of [
    ['TCPRoute', 'TCP', backend('up', [9_000]), ''],
    ['UDPRoute', 'UDP', udpBackend('up', [9_000]), 'connections.proxyProtocol NeverApplies'],
  ] as const)
    test(`of a ${kind}: ${expected || 'nothing'}`, () => {
      const listener = { name: 'l', port: 5300, protocol }
      const route = tcpRoute('r', [to('up')], {}, kind)
      const policy = backendPolicy({ connections: { proxyProtocol: 'V2' } })
      const text = yamlOf(gateway([listener]), route, up, policy)
      const { resources, unenforced, problems } = parseResources('a.yaml', text)
      assert.deepEqual(problems, [])
      assert.deepEqual(
        translate(Resources.of(resources, unenforced)).problems.map(
          ({ path, reason }) => `${path.slice(1).join('.')} ${reason ?? ''}`,
        ),
        expected === '' ? [] : [expected],
      )
    })
})
