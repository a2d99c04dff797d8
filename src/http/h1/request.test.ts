import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '../../../test/support/head-limits.ts'
import { RequestHeadReader } from './request.ts'

function read(reader: RequestHeadReader, text: string) {
  return reader.read(Buffer.from(text, 'latin1'), 0)
}

test('heads of two connections that come in turns, in pieces, keep apart', () => {
  const one = new RequestHeadReader(limits, 'http')
  const other = new RequestHeadReader(limits, 'https')
  assert.equal(read(one, 'GET /one HTTP/1.1\r\nHost: one\r\nConnection: close\r\nA: 1\r\n'), null)
  assert.equal(read(other, 'POST /other HTTP/1.1\r\nHost: other\r\nContent-'), null)
  const first = read(one, 'B: 2\r\n\r\n')
  const second = read(other, 'Length: 3\r\n\r\n')
  assert.ok(first !== null && 'method' in first && second !== null && 'method' in second)
  assert.deepEqual(
    [first, second].map(head => [
      head.method,
      head.scheme,
      head.path,
      head.authority,
      head.length,
      head.keepAlive,
    ]),
    [
      ['GET', 'http', '/one', 'one', 0, false],
      ['POST', 'https', '/other', 'other', 3, true],
    ],
  )
  assert.deepEqual(first.fields.list, ['A', '1', 'B', '2'])
  assert.deepEqual(second.fields.list, [])
  assert.ok(!one.begun && !other.begun)
})
