import assert from 'node:assert/strict'
import test from 'node:test'
import { Garbage } from './garbage.ts'

test('collects what reading has left, and nothing where a change has left little', async () => {
  const garbage = new Garbage()
  let left: number[][] = []
  const leave = (count: number): void => {
    left = Array.from({ length: count }, () => Array.from({ length: 1000 }, () => 0.5))
  }
  leave(8_000)
  assert.equal(left.length, 8_000)
  left = []
  assert.equal(await garbage.collect(), true)
  leave(100)
  assert.equal(left.length, 100)
  left = []
  assert.equal(await garbage.collect(), false)
  leave(20_000)
  assert.equal(left.length, 20_000)
  assert.equal(await garbage.collect(), true)
})
