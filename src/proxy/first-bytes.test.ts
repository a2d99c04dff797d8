import assert from 'node:assert/strict'
import { Socket } from 'node:net'
import { suite, test } from 'node:test'
import { readFirst } from './first-bytes.ts'

/** Reads a length of one digit and so many bytes; tells what it was asked and what came of it. */
function reading(said: string | null) {
  const socket = new Socket()
  const told: string[] = []
  readFirst<string>(socket, said === null ? null : Buffer.from(said), {
    read: bytes => {
      const wanted = 1 + Number(bytes.toString('latin1', 0, 1))
      return bytes.length < wanted ? wanted : bytes.toString('latin1', 1, wanted)
    },
    done: (result, bytes) => told.push(`${result} of ${bytes.toString()}`),
    ended: length => told.push(`ended after ${length}`),
  })
  const say = (text: string): boolean => socket.emit('data', Buffer.from(text))
  return { say, end: () => socket.emit('end'), told, socket }
}

suite('the first bytes of a connection', () => {
  for (const [what, said, pieces] of [
    ['in one piece', null, ['3abcd']],
    ['byte by byte', null, ['3', 'a', 'b', 'cd']],
    ['read before', '3abcd', []],
    ['read before in part', '3a', ['bcd']],
  ] as const)
    test(what, () => {
      const { say, end, told, socket } = reading(said)
      for (const piece of pieces) say(piece)
      assert.equal(socket.listenerCount('data'), 0)
      end()
      assert.deepEqual(told, ['abc of 3abcd'])
    })

  test('many pieces are put together, and read when there are enough', () => {
    const socket = new Socket()
    const reads: number[] = []
    let whole = ''
    readFirst<string>(socket, null, {
      read: bytes => {
        reads.push(bytes.length)
        return bytes.length < 1_000 ? 1_000 : 'enough'
      },
      done: (_result, bytes) => (whole = bytes.toString()),
      ended: () => assert.fail('it has not ended'),
    })
    const text = Array.from({ length: 1_000 }, (_, i) => String(i % 10)).join('')
    for (const byte of text) socket.emit('data', Buffer.from(byte))
    assert.equal(whole, text)
    assert.deepEqual(reads, [1, 1_000])
  })

  test('an end before there are enough', () => {
    const { say, end, told } = reading(null)
    say('3a')
    end()
    assert.deepEqual(told, ['ended after 2'])
  })
})
