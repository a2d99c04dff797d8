import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { snapshotOf } from '../../../../test/support/gateway.ts'
import { plain } from '../../../../test/support/policies.ts'
import { balancers, makeBalancer } from '../../../upstream/balancers.ts'

/** What each has for itself, as somebody would write it. */
const settings: Readonly<Record<string, object>> = {
  consistentHash: { source: 'Header', name: 'x-user' },
}

const reference = readFileSync(new URL('../../../../docs/reference/kinds.md', import.meta.url), 'utf8')

for (const { type, does, settings: own } of balancers)
  test(`${type} may be declared, comes to the cluster as it is, is made there, and is told of`, () => {
    const written = { type, ...(own === undefined ? {} : { [own.name]: settings[own.name] }) }
    const snapshot = snapshotOf(plain(9000, { upstream: { loadBalancing: written } }))
    const [cluster] = snapshot.clusters
    assert.deepEqual(cluster?.balancer, written)
    assert.ok(makeBalancer(written).pick(null, null) === null)
    assert.ok(reference.includes(`${does} (${type})`))
  })

test('settings of another balancer are refused', () => {
  for (const { settings: own } of balancers)
    if (own !== undefined)
      assert.throws(
        () => snapshotOf(plain(9000, { upstream: { loadBalancing: { [own.name]: settings[own.name] } } })),
        /must be absent for type RoundRobin/,
      )
})
