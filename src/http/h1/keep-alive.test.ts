import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KeepAlive } from './keep-alive.ts'

for (const [text, seconds] of [
  ['timeout=5', 5],
  ['timeout=5, max=100', 5],
  ['max=100, timeout=75', 75],
  ['Timeout = "15"', 15],
  ['timeout=0', 0],
  ['max=100', -1],
  ['xtimeout=5', -1],
  ['timeout=', -1],
  ['timeout=-1', -1],
  ['', -1],
  ['timeout=99999999999', 999999999],
] as const)
  test(`Keep-Alive: ${text} is ${seconds} s`, () => assert.equal(new KeepAlive().of(text), seconds))

test('one after another is each its own', () => {
  const reader = new KeepAlive()
  assert.deepEqual(
    ['timeout=5', 'max=3', 'timeout=5', 'timeout=6'].map(text => reader.of(text)),
    [5, -1, 5, 6],
  )
})
