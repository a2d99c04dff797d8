import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { MessageChannel } from 'node:worker_threads'
import { ownBytes, TRANSFER_BYTES } from './outbox.ts'
import { Pieces } from './pieces.ts'

function piecesOf(...all: readonly Uint8Array[]): Pieces {
  const pieces = new Pieces()
  for (const piece of all) pieces.push(piece)
  return pieces
}

test('what is taken is as long as may be, in memory of its own, and the rest waits', () => {
  const pieces = piecesOf(Buffer.from('one'), Buffer.from('two'), Buffer.from('three'))
  const first = pieces.take(5)!
  assert.equal(Buffer.from(first).toString(), 'onetw')
  assert.equal(first.buffer.byteLength, 5)
  assert.equal(pieces.bytes, 6)
  assert.equal(Buffer.from(pieces.take(100)!).toString(), 'othree')
  assert.deepEqual([pieces.bytes, pieces.take(100), pieces.take(0)], [0, null, null])
})

test('one small piece with memory of its own stays that, and crosses once for all who are given it', async () => {
  const chunk = ownBytes(Buffer.from('data: tick\n\n'))
  const batch = Array.from({ length: 100 }, () => piecesOf(chunk).take(100)!)
  assert.ok(batch.every(one => one === chunk))
  const { port1, port2 } = new MessageChannel()
  const came = once(port2, 'message') as Promise<[readonly Uint8Array[]]>
  port1.postMessage(batch)
  const [crossed] = await came
  port1.close()
  assert.deepEqual(Buffer.from(crossed[0]!), Buffer.from(chunk))
  assert.equal(new Set(crossed).size, 1)
})

const elsewhere = Buffer.alloc(100).subarray(10, 20)

for (const [what, piece, most] of [
  ['a part of other memory, which would be cloned with it', elsewhere, 100],
  ['memory that is shared, and may be written to', new Uint8Array(new SharedArrayBuffer(10)), 100],
  ['more than may be sent', ownBytes(Buffer.alloc(100)), 50],
  [
    'what is handed over, which its writer may have given to others',
    ownBytes(Buffer.alloc(TRANSFER_BYTES)),
    1e6,
  ],
] as const)
  test(`copied is ${what}`, () => {
    const taken = piecesOf(piece).take(most)!
    assert.notEqual(taken, piece)
    assert.equal(taken.buffer.byteLength, Math.min(most, piece.byteLength))
  })
