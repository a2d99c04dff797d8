import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { test } from 'node:test'

import { requirePeer } from '../../test/support/peer.ts'
import { cases } from './cases.ts'
import { peers } from './peer.ts'
import { rowsOf } from './report.ts'
import { measure } from './round.ts'

test('a case is measured: nginx in front of nginx', async t => {
  if (availableParallelism() < 2) return t.skip('needs two cores')
  const nginx = requirePeer(t, 'nginx')
  const wrk = requirePeer(t, 'wrk')
  const peer = peers.find(({ name }) => name === 'nginx')
  const given = cases.find(({ name }) => name === 'headers')
  if (nginx === null || wrk === null || requirePeer(t, 'taskset') === null) return
  assert.ok(peer && given)

  const notes: string[] = []
  const plan = { rounds: 1, seconds: 1, note: (text: string) => void notes.push(text) }
  const result = await measure(given, [{ peer, program: nginx }], { nginx, wrk }, plan)

  assert.deepEqual(result.left, {})
  const [row] = rowsOf(result)
  assert.ok(row)
  assert.equal(row.errors, 0)
  assert.equal(row.ratio, 1)
  // Below a microsecond or above a hundred milliseconds it would not be a request's time on a core.
  assert.ok(row.cpuUs > 1 && row.cpuUs < 100_000, `${row.cpuUs} µs`)
  assert.deepEqual(notes, ['headers: warming up nginx', 'headers: round 1 of 1, nginx'])
})
