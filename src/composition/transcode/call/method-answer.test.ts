import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { envelope } from '../../grpc/envelopes.ts'
import { WholeBody } from '../../transport/whole-body.ts'
import { MethodAnswer } from './method-answer.ts'

const LIMIT = 1_000
const GRPC = { 'content-type': 'application/grpc' }
const GZIP = { ...GRPC, 'grpc-encoding': 'gzip' }
const CANNOT_BE_READ = 'the answer of the backend cannot be read'

const answerOf = (status: number, headers: Readonly<Record<string, string>>, body: Uint8Array) =>
  new MethodAnswer({ status, headers, body: new WholeBody('', body) }, 'shop getBook', LIMIT)

// What is wrong with what a backend says is never INVALID_ARGUMENT, which a client would take for its own fault.
suite('an answer of a backend', () => {
  const none = new Uint8Array()
  for (const [what, status, headers, body, code, message] of [
    ['a status alone', 200, { ...GRPC, 'grpc-status': '5', 'grpc-message': 'a%20b' }, none, 5, 'a b'],
    ['a status of HTTP', 503, {}, none, 14, 'the backend answered with HTTP status 503'],
    ['a page', 200, { 'content-type': 'text/html' }, none, 13, 'the backend does not answer with gRPC'],
    ['without a status', 200, GRPC, envelope(0, none), 13, 'the backend ended its answer without a status'],
    ['cut short', 200, GRPC, envelope(0, Buffer.from('abc')).subarray(0, 7), 13, CANNOT_BE_READ],
    ['of unknown flags', 200, GRPC, envelope(2, none), 13, CANNOT_BE_READ],
    ['no gzip', 200, GZIP, envelope(1, Buffer.from('abc')), 13, CANNOT_BE_READ],
    ['compressed, and nobody said how', 200, GRPC, envelope(1, gzipSync('abc')), 13, CANNOT_BE_READ],
    ['too long', 200, GRPC, envelope(0, Buffer.alloc(LIMIT + 1)), 8, 'http_response_body_size'],
    [
      'too long when it is inflated',
      200,
      GZIP,
      envelope(1, gzipSync(Buffer.alloc(LIMIT + 1))),
      8,
      'http_response_body_size',
    ],
  ] as const)
    test(`that is ${what} ends with ${code}`, async () => {
      const answer = answerOf(status, headers, body)
      await Array.fromAsync(answer.messages()).catch(() => undefined)
      assert.deepEqual([answer.status?.code, answer.status?.message], [code, message])
    })
})
