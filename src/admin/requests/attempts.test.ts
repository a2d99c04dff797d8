import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RecentRecord } from '../../telemetry/recent/slot-reader.ts'
import { timingsOf } from './attempts.ts'

const usual = {
  durationMs: 100,
  sentAfterMs: -1,
  upstreamMs: -1,
  headMs: 7,
  filtersMs: 0,
  waitedMs: 0,
  connectMs: 0,
  clientMs: 0,
}
const before = (endedAfterMs: number) => ({ story: { attempts: [{ endedAfterMs }] } })

for (const [what, fields] of [
  ['is answered by the gateway', {}],
  ['is answered by an upstream', { sentAfterMs: 2, upstreamMs: 60 }],
  ['makes a connection', { sentAfterMs: 30, upstreamMs: 50, waitedMs: 28, connectMs: 5 }],
  ['waits for filters', { sentAfterMs: 42, upstreamMs: 50, filtersMs: 40 }],
  ['has a client that does not read', { sentAfterMs: 2, upstreamMs: 10, clientMs: 80 }],
  ['is tried again', { sentAfterMs: 52, upstreamMs: 40, ...before(50) }],
  [
    'waits for filters, and is tried again',
    { sentAfterMs: 72, upstreamMs: 20, filtersMs: 40, waitedMs: 2, ...before(70) },
  ],
  ['gets no answer', { sentAfterMs: 52, connectMs: 3, ...before(50) }],
] as const)
  test(`of a request that ${what} the times add up to the whole`, () => {
    const record = { ...usual, story: { attempts: [] }, ...fields } as unknown as RecentRecord
    const { headMs, totalMs, ...times } = timingsOf(record)
    assert.deepEqual([headMs, totalMs], [7, 100])
    assert.equal(
      Object.values(times).reduce((sum, ms) => sum + ms, 0),
      100,
    )
  })
