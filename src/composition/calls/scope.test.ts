import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { FakeClock } from '../../../test/support/clock.ts'
import { RequestScope } from './scope.ts'

const MIB = 1024 * 1024

function charged(goesOn: boolean, pages: number, page: Uint8Array): number {
  const scope = new RequestScope(new FakeClock(), Infinity, 0)
  let bytes = 0
  scope.holding = { add: more => (bytes += more) }
  scope.goesOn = goesOn
  for (let n = 0; n < pages; n++) scope.keeps(page)
  return bytes
}

suite('what calls have brought', () => {
  const page = new Uint8Array(MIB)
  // A byte is an element at most, of twenty bytes as an object.
  const dense = new Uint8Array(MIB).fill(0x2c)

  for (const [what, goesOn, pages, content, expected] of [
    ['is charged', false, 3, page, 3 * MIB],
    ['is charged as objects', false, 1, dense, 21 * MIB],
    ['is garbage for the most part where there is much of it', false, 150, page, 32 * MIB],
    ['is of an item where the answer goes on', true, 3, page, 0],
  ] as const)
    test(what, () => assert.equal(charged(goesOn, pages, content), expected))
})
