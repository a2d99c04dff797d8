import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Rejection } from '../../../src/http/failures.ts'
import { ResponseHeadReader } from '../../../src/http/h1/response.ts'
import { cuts, latin1, responseLimits, responseOutcome } from './replay.ts'
import { responseAccepts, responseRejects } from './response.vectors.ts'

const show = (bytes: string): string =>
  JSON.stringify(bytes.length > 120 ? `${bytes.slice(0, 120)}… (${bytes.length})` : bytes)

describe('response heads that are refused', () => {
  for (const { rule, bytes } of responseRejects)
    test(`${rule}: ${show(bytes)}`, () => {
      const whole = latin1(bytes)
      assert.deepEqual(responseOutcome([whole], 'GET'), { rule })
      for (const pieces of cuts(whole))
        assert.deepEqual(responseOutcome(pieces, 'GET'), { rule }, `cut at ${pieces[0]!.length}`)
    })
})

describe('response heads that are read', () => {
  for (const { bytes, method = 'GET', head: expected, fields } of responseAccepts)
    test(`${method} ${show(bytes)}`, () => {
      const whole = latin1(`${bytes}HTTP/1.1 b`)
      const outcome = responseOutcome([whole], method)
      assert.ok(typeof outcome === 'object' && 'head' in outcome, JSON.stringify(outcome))
      for (const [name, value] of Object.entries(expected))
        assert.deepEqual(Reflect.get(outcome.head, name), value, name)
      if (fields !== undefined) assert.deepEqual(outcome.head.fields.list, fields)
      assert.equal(outcome.end, bytes.length)
      for (const pieces of cuts(whole))
        assert.deepEqual(responseOutcome(pieces, method), outcome, `cut at ${pieces[0]!.length}`)
      for (let at = 0; at < bytes.length; at++)
        assert.equal(responseOutcome([whole.subarray(0, at)], method), 'more', `first ${at} bytes`)
    })
})

test('interim heads and the final one are read one after the other', () => {
  const reader = new ResponseHeadReader(responseLimits)
  const chunk = latin1(
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 X\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc',
  )
  const seen: unknown[] = []
  for (let at = 0; at < chunk.length - 3; at = reader.consumed) {
    const head = reader.read(chunk, at, 'POST')
    assert.ok(head !== null && !(head instanceof Rejection))
    seen.push([head.status, head.length, head.fields.list])
  }
  assert.deepEqual(seen, [
    [100, 0, []],
    [103, 0, ['A', 'b']],
    [200, 3, []],
  ])
})

for (const [bytes, status] of [
  ['HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\n', 502],
  ['HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n', 502],
  [`HTTP/1.1 200 OK\r\nX: ${'a'.repeat(300)}\r\n\r\n`, 431],
] as const)
  test(`a bad response is ${status}: ${show(bytes)}`, () => {
    const rejection = new ResponseHeadReader(responseLimits).read(latin1(bytes), 0, 'GET')
    assert.ok(rejection instanceof Rejection)
    assert.equal(rejection.status, status)
  })
