import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { defineGateway, http, manifestOf } from '../../../composition/composition.ts'
import type { BackendSettings } from '../../../composition/backends/backend.ts'
import type { Cluster } from '../../../snapshot/cluster.ts'
import { clusterSettings } from '../../../translation/cluster-settings.ts'
import { narrowed } from './narrowed.ts'

const place = 'http://apis.internal'
const cluster = {
  name: 'apis',
  origin: { kind: 'composition', namespace: 'default', name: 'home', file: '', line: 0 },
  protocol: 'http',
  ...clusterSettings,
} as unknown as Cluster
const endpoints = { apis: [{ address: '192.0.2.1', port: 80, weight: 1 }] }

function narrow(orders: Partial<BackendSettings>, users: Partial<BackendSettings>) {
  const backends = { orders: http({ url: place, ...orders }), users: http({ url: place, ...users }) }
  const manifest = manifestOf(defineGateway({ title: 't', version: '1', backends, routes: () => [] }))
  const served = { clusters: [cluster], endpoints }
  return narrowed(served, { key: 'default/home', own: 'Composition/default/home' }, manifest, {
    orders: 'apis',
    users: 'apis',
  })
}

suite('two backends at one place', () => {
  const settings = { deadlineHeader: 'x-left', breaker: { errorPercent: 10 } }
  for (const [what, orders, users] of [
    ['the first', settings, {}],
    ['the second', {}, settings],
  ] as const)
    test(`where ${what} alone has settings, these are of that one alone`, () => {
      const { clusters, endpoints: known, within } = narrow(orders, users)
      const told = clusters.map(({ name, deadlineHeader }) => [name, deadlineHeader])
      assert.deepEqual(told, [
        ['apis', orders === settings ? 'x-left' : undefined],
        ['apis (users)', users === settings ? 'x-left' : undefined],
      ])
      assert.deepEqual(known, { apis: endpoints.apis, 'apis (users)': endpoints.apis })
      assert.match(JSON.stringify(within!['orders']), /"apis"/)
      assert.match(JSON.stringify(within!['users']), /"apis \(users\)"/)
    })

  test('that want the same share its connections', () => {
    assert.deepEqual(
      narrow(settings, settings).clusters.map(({ name }) => name),
      ['apis'],
    )
  })
})
