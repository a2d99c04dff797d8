import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parseResources } from '../../../../test/support/declared.ts'
import { plain } from '../../../../test/support/policies.ts'
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
    [{ retry: { retryOn: { triggers: ['unavailable'] } } }, 'retry.retryOn.triggers NotRepeated'],
    [{ retry: { nonIdempotent: true, retryOn: { triggers: ['unavailable'] } } }, ''],
    [{ meshMode: 'Disabled', retry: { attempts: 1 } }, ''],
    [{ retry: { attempts: 0 } }, ''],
  ] as const)
    test(`${JSON.stringify(spec)} with ${endpoints} endpoints: ${expected || 'nothing'}`, () => {
      assert.equal(doubted(spec, endpoints).join(), expected)
    })
})
