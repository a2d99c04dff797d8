import assert from 'node:assert/strict'
import { test } from 'node:test'
import { negotiated } from '../streams/formats.ts'
import { StreamItem } from '../streams/item.ts'
import { WrittenItem } from './written-item.ts'

test('an item is written once for all who are given it in the same format, in memory of its own', () => {
  const events = negotiated('text/event-stream')!
  const array = negotiated('application/json')!
  const item = new WrittenItem(new StreamItem({ é: 1 }, '7', null), '{"é":1}')
  const chunk = item.chunkIn(events, false)
  assert.equal(Buffer.from(chunk).toString(), 'id: 7\ndata: {"é":1}\n\n')
  assert.equal(chunk.buffer.byteLength, chunk.byteLength)
  assert.equal(item.chunkIn(events, false), chunk)
  assert.equal(Buffer.from(item.chunkIn(array, true)).toString(), '{"é":1}')
  assert.equal(Buffer.from(item.chunkIn(array, false)).toString(), ',{"é":1}')
  assert.equal(Buffer.from(item.chunkIn(events, false)).toString(), 'id: 7\ndata: {"é":1}\n\n')
})
