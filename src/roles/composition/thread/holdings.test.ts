import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Holdings, REQUEST_BYTES, type Share } from './holdings.ts'

/** Requests that have begun in turn, each of a client and with so many units beside what it is, and who has lost its place. */
async function lost(units: number, begun: readonly (readonly [client: string, holds: number])[]) {
  const losers: number[] = []
  const holdings = new Holdings(units * REQUEST_BYTES, () => undefined)
  begun.forEach(([client, holds], i) => {
    holdings.begin(client, { displaced: () => losers.push(i) }).add(holds * REQUEST_BYTES)
  })
  await Promise.resolve()
  return losers
}

for (const [what, units, begun, losers] of [
  [
    'all that there is room for stays',
    6,
    [
      ['a', 1],
      ['a', 1],
      ['b', 1],
    ],
    [],
  ],
  [
    'who holds most loses, not who comes',
    8,
    [
      ['a', 2],
      ['a', 2],
      ['b', 1],
      ['b', 0],
    ],
    [0],
  ],
  [
    'of one client the largest loses',
    8,
    [
      ['a', 0],
      ['a', 4],
      ['a', 0],
      ['b', 0],
      ['b', 0],
    ],
    [1],
  ],
  [
    'of those that hold as much the one of which nothing has moved',
    6,
    [
      ['a', 1],
      ['b', 1],
      ['c', 1],
      ['d', 1],
    ],
    [0],
  ],
  [
    'who comes alone and takes all loses itself',
    6,
    [
      ['a', 0],
      ['b', 9],
    ],
    [1],
  ],
  [
    'many small requests of one client lose to one of another',
    4,
    [
      ['a', 0],
      ['a', 0],
      ['a', 0],
      ['a', 0],
      ['b', 0],
    ],
    [0],
  ],
] as const)
  test(what, async () => assert.deepEqual(await lost(units, begun), losers))

test('what is over, or has lost its place, counts no more', () => {
  let displaced = 0
  const holdings = new Holdings(3 * REQUEST_BYTES, () => displaced++)
  const holder = { displaced: () => undefined }
  const begin = (): Share => holdings.begin('a', holder)
  for (let i = 0; i < 10; i++) {
    const share = begin()
    share.add(REQUEST_BYTES)
    share.end()
    share.end()
    share.add(100 * REQUEST_BYTES)
  }
  assert.equal(displaced, 0)
  const loser = begin()
  loser.add(5 * REQUEST_BYTES)
  assert.equal(displaced, 1)
  loser.add(-5 * REQUEST_BYTES)
  loser.end()
  const all = [begin(), begin(), begin()]
  assert.equal(displaced, 1)
  for (const share of all) share.end()
})
