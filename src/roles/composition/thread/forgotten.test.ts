import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { CallFailure } from '../../../composition/calls/failure.ts'
import { forgotten } from './forgotten.ts'

suite('a promise that failed and that nobody awaits', () => {
  const mistake = new TypeError('x is not a function')
  for (const [what, reason, expected] of [
    ['is no mistake where its call has failed', new CallFailure('cancelled', 'users GET /'), []],
    ['is told as one else', mistake, [mistake]],
    ['may have failed with no error', 'text', ['text']],
  ] as const)
    test(what, () => {
      const told: unknown[] = []
      forgotten(one => told.push(one))(reason)
      assert.deepEqual(told, expected)
    })
})
