import assert from 'node:assert/strict'
import { test } from 'node:test'
import { merged } from './merged.ts'

test('streams of several kinds are one of all of them', async () => {
  async function* prices() {
    yield await Promise.resolve({ price: 1 })
  }
  async function* levels() {
    yield await Promise.resolve({ count: 2 })
  }
  // The types are part of the test: the compiler must take the union, and nothing less.
  const both: AsyncIterable<{ price: number } | { count: number }> = merged([prices(), levels()])
  // @ts-expect-error -- the second of them has none
  const one: AsyncIterable<{ price: number }> = merged([prices(), levels()])
  assert.deepEqual(await Array.fromAsync(both), [{ price: 1 }, { count: 2 }])
  assert.deepEqual(await Array.fromAsync(one), [{ price: 1 }, { count: 2 }])
})
