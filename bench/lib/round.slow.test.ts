import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { requirePeer } from '../../test/support/peer.ts'
import { cases } from './cases.ts'
import type { Case } from './cases.ts'
import { peers } from './peers.ts'
import { rowsOf } from './report.ts'
import { measure } from './round.ts'

/** Measures one case with one peer, briefly; null, and skipped, where this machine cannot. */
async function measured(
  t: TestContext,
  name: string,
  only: string,
  changes: Partial<Case> = {},
  seconds = 1,
) {
  if (availableParallelism() < 2) {
    t.skip('needs two cores')
    return null
  }
  const [nginx, wrk, h2load] = ['nginx', 'wrk', 'h2load'].map(program => requirePeer(t, program))
  if (!nginx || !wrk || !h2load || requirePeer(t, 'taskset') === null) return null
  const peer = peers.find(known => known.name === only)
  const given = cases.find(known => known.name === name)
  assert.ok(peer && given)
  const notes: string[] = []
  const plan = { rounds: 1, seconds, warmupSeconds: 1, note: (text: string) => void notes.push(text) }
  const contestants = [{ peer, program: only === 'nginx' ? nginx : process.execPath }]
  const result = await measure({ ...given, ...changes }, contestants, { nginx, wrk, h2load }, plan)
  assert.deepEqual(result.left, {})
  const [row] = rowsOf(result)
  assert.ok(row)
  return { row, notes }
}

for (const name of [
  'headers',
  'compressed',
  'tls-h1-kept',
  'tls-h1-resumed',
  'tls-h2-new',
  'tls-h2-kept',
  'grpc-unary',
  'websocket',
])
  test(`${name} is measured: nginx before its backend`, async t => {
    const result = await measured(t, name, 'nginx')
    if (result === null) return
    const { row, notes } = result
    assert.equal(row.errors, 0)
    assert.equal(row.ratios[0], 1)
    // Below a microsecond or above a hundred milliseconds it would not be a request's time on a core.
    assert.ok(row.cpuUs > 1 && row.cpuUs < 100_000, `${row.cpuUs} µs`)
    assert.ok(row.p50Us > 0 && row.p50Us <= row.p99Us, `${row.p50Us} and ${row.p99Us} µs`)
    assert.deepEqual(notes, [`${name}: warming up nginx`, `${name}: round 1 of 1, nginx`])
  })

test('idle connections are measured: nginx before its backend', async t => {
  const result = await measured(t, 'idle-10000-tls', 'nginx', { connections: 200 })
  if (result === null) return
  const { row } = result
  assert.equal(row.errors, 0)
  // What OpenSSL keeps of a connection.
  assert.ok(row.connectionBytes > 1000 && row.connectionBytes < 500_000, `${row.connectionBytes} bytes`)
})

for (const name of ['fan-out-3', 'fan-out-failing', 'transcode-unary', 'transcode-stream'])
  test(`${name} is measured: a BFF before its backends, which answers what it should`, async t => {
    const result = await measured(t, name, 'bff')
    if (result === null) return
    const { row } = result
    assert.equal(row.errors, 0)
    assert.equal(row.ratios[0], 1)
    assert.ok(row.cpuUs > 1 && row.cpuUs < 100_000, `${row.cpuUs} µs`)
  })

test('subscribers are measured: a BFF with a feed for all of them', async t => {
  const result = await measured(t, 'subscribers-10000', 'bff', { connections: 100 }, 2)
  if (result === null) return
  const { row } = result
  assert.equal(row.errors, 0)
  // One to three events in two seconds for each.
  assert.ok(row.rps >= 40 && row.rps <= 160, `${row.rps} events`)
  assert.ok(row.p50Us > 0 && row.p50Us <= row.p99Us)
})
