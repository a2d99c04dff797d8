import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EventReader } from './events.ts'

const text =
  ': hello\n\nretry: 2000\n\nevent: figures\ndata: {"a":1}\n\ndata: one\ndata: two\n\nevent: empty\n\n'
const events = [
  { event: 'figures', data: '{"a":1}' },
  { event: 'message', data: 'one\ntwo' },
]

test('events are the same, however the text is cut', () => {
  for (let at = 0; at <= text.length; at++) {
    const reader = new EventReader()
    const read = [...reader.read(text.slice(0, at)), ...reader.read(text.slice(at))]
    assert.deepEqual(read, events, `cut at ${at}`)
  }
})

test('lines may end as on Windows', () => {
  assert.deepEqual(new EventReader().read(text.replaceAll('\n', '\r\n')), events)
})

test('what is not whole yet is kept', () => {
  const reader = new EventReader()
  assert.deepEqual(reader.read('data: o'), [])
  assert.deepEqual(reader.read('ne\n\n'), [{ event: 'message', data: 'one' }])
})
