import assert from 'node:assert/strict'
import { test } from 'node:test'
import { http } from './backend.ts'

for (const deadlineHeader of ['Content-Length', 'transfer-encoding', 'Host', 'X-Forwarded-For', 'a b'])
  test(`a deadline is not told by ${deadlineHeader}`, () =>
    assert.throws(() => http({ url: 'http://a', deadlineHeader }), {
      name: 'TypeError',
      message: /^deadlineHeader of a backend: .*, expected a field that/,
    }))

test('the field of a deadline is in lower case', () =>
  assert.equal(http({ url: 'http://a', deadlineHeader: 'X-Left' }).deadlineHeader, 'x-left'))
