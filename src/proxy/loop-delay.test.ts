import assert from 'node:assert/strict'
import { test } from 'node:test'
import { busyBeside } from './loop-delay.ts'

for (const [what, ownMs, utilization, windowMs, expected] of [
  ['nothing of its own', 0, 0.4, 50, 0.4],
  ['a snapshot, and a few requests', 40, 1, 50, 0],
  ['a snapshot, and as much for requests', 20, 0.8, 50, 0.8],
  ['requests without an end, and slices of a snapshot between them', 3, 1, 60, 1],
  ['more of its own than was seen of the loop', 45, 0.8, 50, 0],
] as const)
  test(`${what}: busy ${expected}`, () => {
    assert.equal(busyBeside(ownMs, utilization, windowMs), expected)
  })
