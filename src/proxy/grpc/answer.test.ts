import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { requestHead } from '../../../test/support/head.ts'
import type { FailureName } from '../../http/failures.ts'
import { grpcAnswer } from './answer.ts'

function answerTo(
  contentType: string,
  status: number,
  fields: readonly string[] = [],
  failure: FailureName | null = null,
) {
  const x = {
    id: 'a-1',
    request: requestHead({ fields: ['content-type', contentType] }),
    failure,
    failureDetail: '',
    callStatus: -1,
  }
  const head = grpcAnswer(x, { status, fields, body: 'not said' }, '')
  return { status: head?.status, fields: head?.fields.list, logged: x.callStatus }
}

suite('an answer of the gateway', () => {
  for (const [type, told] of [
    ['application/grpc+proto', 'application/grpc'],
    ['application/grpc-web+proto', 'application/grpc-web'],
    ['application/grpc-web-text', 'application/grpc-web-text'],
  ] as const)
    test(`to ${type} is nothing but a status`, () =>
      assert.deepEqual(answerTo(type, 404), {
        status: 200,
        fields: ['Content-Type', told, 'grpc-status', '12', 'grpc-message', 'Not Found (exchange a-1)'],
        logged: 12,
      }))

  test('keeps what a filter says beside its body', () => {
    const said = ['Content-Type', 'text/plain', 'Content-Language', 'en', 'WWW-Authenticate', 'Bearer']
    assert.deepEqual(answerTo('application/grpc', 401, said).fields?.slice(2), [
      'grpc-status',
      '16',
      'grpc-message',
      'Unauthorized (exchange a-1)',
      'WWW-Authenticate',
      'Bearer',
    ])
  })

  test('is the failure where it is one, whatever its HTTP status', () =>
    assert.equal(answerTo('application/grpc', 504, [], 'http_response_timeout').logged, 4))

  for (const [type, status] of [
    ['application/json', 404],
    // Who shares a connection among hosts has to see it.
    ['application/grpc', 421],
  ] as const)
    test(`${status} to ${type} stays what it is`, () =>
      assert.deepEqual(answerTo(type, status), { status: undefined, fields: undefined, logged: -1 }))
})
