import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failures } from '../../http/failures.ts'
import { failuresOf } from './fallback.ts'

/** What a backend did, but no reason to ask another one. */
const leftOut = [
  // An address that the gateway does not go to, whoever names it.
  'destination_ip_prohibited',
  // The client wants another protocol: no fixed answer speaks it.
  'http_upgrade_failed',
  // Of an answer that the client may have begun to get.
  'http_response_body_size',
]

test('each failure of a backend is of one trigger', () => {
  const upstream = Object.entries(failures).flatMap(([name, { side }]) => (side === 'upstream' ? [name] : []))
  const triggered: string[] = Object.values(failuresOf).flat()
  // The one that is the route's own.
  assert.deepEqual([...triggered, ...leftOut].toSorted(), [...upstream, 'bulkhead_full'].toSorted())
})
