import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseResources } from '../../../../test/support/declared.ts'
import { translate } from '../../../../test/support/translate.ts'
import { Resources } from '../../../model/resources.ts'

const gateway = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  metadata: { name: 'front' },
  spec: {
    gatewayClassName: 'portcullis',
    allowedListeners: { namespaces: { from: 'All' } },
    listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }],
  },
}

/** With so many listeners, each on a port of its own, the ports from `first` on. */
function listenerSet(namespace: string, name: string, first: number, count: number): object {
  const listeners = Array.from({ length: count }, (_, i) => ({
    name: `l${i}`,
    port: first + i,
    protocol: 'HTTP',
  }))
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'ListenerSet',
    metadata: { name, namespace },
    spec: { parentRef: { name: 'front', namespace: 'default' }, listeners },
  }
}

function portsOf(objects: readonly object[]): ReadonlySet<number> {
  const yaml = objects.map(one => JSON.stringify(one)).join('\n---\n')
  const { parts } = translate(Resources.of(parseResources('sets.yaml', yaml).resources))
  return new Set(parts.ports.map(({ port }) => port))
}

test('a namespace that adds listeners without end keeps no other from adding its own', () => {
  const greedy = Array.from({ length: 20 }, (_, i) => listenerSet('a', `many-${i}`, 1000 + 64 * i, 64))
  const ports = portsOf([gateway, ...greedy, listenerSet('b', 'one', 9000, 2)])
  assert.deepEqual([ports.has(80), ports.has(9000), ports.has(9001)], [true, true, true])
  assert.equal([...ports].filter(port => port >= 1000 && port < 9000).length, 256)
})

test('what is refused takes nothing of what may be added', () => {
  const taken = Array.from({ length: 20 }, (_, i) => listenerSet('a', `same-${i}`, 1000, 64))
  const ports = portsOf([gateway, ...taken, listenerSet('a', 'zoo', 9000, 64)])
  assert.equal(ports.size, 1 + 64 + 64)
})
