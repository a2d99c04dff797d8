import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GATEWAY_API } from '../../model/kind.ts'
import { Resources } from '../../model/resources.ts'
import type { GatewayServiceWant } from '../../translation/gateway-services.ts'
import { planServices } from './plan.ts'

const settings = { namespace: 'gateways', deployment: 'edge', type: 'LoadBalancer' } as const

function wantOf(namespace: string, name: string, count: number): GatewayServiceWant {
  return {
    name: `edge-${namespace}-${name}`,
    gateway: { group: GATEWAY_API, kind: 'Gateway', namespace, name },
    ports: Array.from({ length: count }, (_, i) => `tcp ${i + 1}`),
    address: null,
    labels: {},
    annotations: {},
    gatewayClass: 'ours',
    type: 'LoadBalancer',
    dataPlane: null,
  }
}

test('one namespace leaves ports to others, however many it asks for', () => {
  const greedy = Array.from({ length: 50 }, (_, i) => wantOf('greedy', `g${i}`, 64))
  const { writes, problems } = planServices({
    resources: Resources.of([]),
    wants: [...greedy, wantOf('other', 'a', 64)],
    settings,
    template: { uid: 'u', spec: { selector: { app: 'edge' } } },
    known: () => undefined,
    promised: new Map(),
    isAvailable: () => false,
    isThere: () => false,
  })
  const made = writes.map(({ name }) => name)
  assert.equal(made.filter(name => name.startsWith('edge-greedy-')).length, 31)
  assert.ok(made.includes('edge-other-a'))
  assert.equal(problems.size, 19)
  assert.match(
    [...problems.values()][0]!,
    /^Gateways of the namespace greedy have 2000 ports, .* is one more$/,
  )
})
