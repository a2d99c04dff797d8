import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parseResources } from '../../../../test/support/declared.ts'
import { backendPolicy } from '../../../../test/support/policies.ts'
import { backend, gateway, httpRoute, prefix, to, yamlOf } from '../../../../test/support/resources.ts'
import { ofGateway, ofRoute, trafficPolicy } from '../../../../test/support/traffic.ts'
import { translate } from '../../../../test/support/translate.ts'
import { Resources } from '../../../model/resources.ts'

const up = to('up')
const grpcRoute = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'GRPCRoute',
  metadata: { name: 'r' },
  spec: { parentRefs: [{ name: 'gw' }], rules: [{ backendRefs: [up] }] },
}
const ofCalls = { kind: 'GRPCRoute', name: 'r' }
const whole = httpRoute('r', { rules: [{ name: 'all', backendRefs: [up] }] })
const mirror = httpRoute('r', {
  rules: [
    { name: 'read', matches: [{ ...prefix('/'), method: 'GET' }], backendRefs: [up] },
    { name: 'write', matches: [{ ...prefix('/'), method: 'POST' }], backendRefs: [up] },
  ],
})
const redirect = httpRoute('r', {
  rules: [
    { name: 'all', filters: [{ type: 'RequestRedirect', requestRedirect: { hostname: 'b.example' } }] },
  ],
})

/** What is doubted of TrafficPolicies: fields and reasons. */
function doubted(...objects: readonly object[]): string {
  const text = yamlOf(gateway(), backend('up', [9000, 9001]), ...objects)
  const { resources, unenforced, problems } = parseResources('a.yaml', text)
  assert.deepEqual(problems, [])
  return translate(Resources.of(resources, unenforced))
    .problems.filter(({ resource }) => resource?.kind === 'TrafficPolicy')
    .map(({ path, reason }) => `${path.slice(1).join('.')} ${reason ?? ''}`)
    .join()
}

suite('parts of TrafficPolicies that can never apply are doubted, and those just beside them are not', () => {
  // oxfmt-ignore
  for (const [spec, expected, route = whole, target = ofRoute] of [
    [{ fallback: { response: {} } }, ''],
    [{ fallback: { response: {}, triggers: [] } }, 'fallback.triggers NeverApplies'],
    [{ fallback: { response: {}, triggers: [], httpStatusCodes: [503] } }, ''],
    [{ fallback: { response: {}, triggers: ['breaker-open'] } }, 'fallback.triggers NeverApplies'],
    [{ fallback: { response: {}, triggers: ['limit'] } }, ''],
    [{ fallback: { response: {} } }, 'fallback NeverApplies', redirect],
    [{ fallback: { response: {} } }, 'fallback NeverApplies', grpcRoute, ofCalls],
    [{ fallback: { backendRef: to('other') } }, '', grpcRoute, ofCalls],
    [{ fallback: { lastGood: {} } }, 'fallback.lastGood NeverApplies'],
    [{ fallback: { lastGood: {} }, cache: {} }, ''],
    [{ fallback: { backendRef: up } }, 'fallback.backendRef SameEndpoints'],
    [{ fallback: { backendRef: to('twin') } }, 'fallback.backendRef SameEndpoints'],
    [{ fallback: { backendRef: to('other') } }, ''],
    [{ cache: {} }, ''],
    [{ cache: {} }, 'cache NeverApplies', grpcRoute, ofCalls],
    [{ cache: {} }, '', mirror],
    [{ cache: {} }, '', mirror, { ...ofRoute, sectionName: 'read' }],
    [{ cache: {} }, 'cache NeverApplies', mirror, { ...ofRoute, sectionName: 'write' }],
    [{ bulkhead: { maxParallelRequests: 1 } }, ''],
    [{ bulkhead: { maxParallelRequests: 1, maxPending: 1 } }, ''],
    [{ bulkhead: { maxParallelRequests: 1, maxWait: '1s' } }, 'bulkhead.maxWait NeverApplies'],
    [{ bulkhead: { maxParallelRequests: 1, maxPending: 1, maxWait: '0s' } }, 'bulkhead.maxPending NeverApplies'],
    [{ localReplies: { errors: [{ statuses: [404], text: 'a' }, { text: 'b' }] } }, ''],
    [{ localReplies: { errors: [{ text: 'a' }, { statuses: [404], text: 'b' }] } }, 'localReplies.errors.1 NeverApplies'],
    [{ localReplies: { errors: [{ statuses: [404, 503], text: 'a' }, { statuses: [404], html: 'b' }] } }, 'localReplies.errors.1 NeverApplies'],
    [{ addresses: { deny: ['10.0.0.0/8'] }, except: [{ paths: [{ value: '/health' }] }] }, ''],
    [{ addresses: { deny: ['10.0.0.0/8'] }, except: [{ paths: [{ value: '/' }] }] }, 'except.0 AllExcepted'],
    [{ addresses: { deny: ['10.0.0.0/8'] }, except: [{ paths: [{ type: 'Exact', value: '/' }] }] }, ''],
    [{ addresses: { deny: ['10.0.0.0/8'] }, except: [{ paths: [{ value: '/' }], methods: ['OPTIONS'] }] }, ''],
  ] as const)
    test(`${JSON.stringify(spec)} of ${target.kind}: ${expected || 'nothing'}`, () => {
      const others = [backend('twin', [9001, 9000]), backend('other', [9001])]
      assert.equal(doubted(route, ...others, trafficPolicy('p', target, spec)), expected)
    })

  test('what another policy says nearer or farther counts', () => {
    const lastGood = trafficPolicy('near', ofRoute, { fallback: { lastGood: {} } })
    assert.equal(doubted(whole, lastGood, trafficPolicy('far', ofGateway, { cache: {} })), '')
    const far = trafficPolicy('far', ofGateway, { fallback: { lastGood: {} } })
    assert.equal(doubted(whole, far, trafficPolicy('near', ofRoute, { cache: {} })), '')
    const open = trafficPolicy('p', ofRoute, { fallback: { triggers: ['breaker-open'], response: {} } })
    assert.equal(doubted(whole, open, backendPolicy({ circuitBreaker: { trip: {} } })), '')
  })

  test('of a route that is refused nothing more is told', () => {
    const nowhere = httpRoute('r', { rules: [{ backendRefs: [to('nowhere')] }] })
    assert.equal(doubted(nowhere, trafficPolicy('p', ofRoute, { fallback: { response: {} } })), '')
  })
})
