import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SharedStreams } from './shared-streams.ts'

/** Each row: streams open of 1000, bytes waiting of 100, and how many of its 100 streams a connection may have. */
for (const [open, waitingBytes, allowed] of [
  [0, 0, 100],
  [500, 50, 100],
  [501, 0, 99],
  [750, 0, 50],
  [999, 0, 1],
  [2000, 0, 1],
  [0, 75, 50],
  [750, 87.5, 25],
  [875, 75, 25],
  [0, 500, 1],
] as const)
  test(`${open} streams and ${waitingBytes} bytes leave a connection ${allowed}`, () => {
    const shared = new SharedStreams({ streams: 1000, waitingBytes: 100 })
    shared.open = open
    shared.waitingBytes = waitingBytes
    assert.equal(shared.allowance(100), allowed)
  })

for (const [waitingBytes, patienceMs] of [
  [0, 10_000],
  [50, 10_000],
  [75, 5_000],
  [100, 0],
  [500, 0],
] as const)
  test(`${waitingBytes} bytes leave a stalled stream ${patienceMs} ms`, () => {
    const shared = new SharedStreams({ streams: 1000, waitingBytes: 100 })
    shared.waitingBytes = waitingBytes
    assert.equal(shared.patience(10_000), patienceMs)
    assert.equal(shared.patience(0), 0)
  })
