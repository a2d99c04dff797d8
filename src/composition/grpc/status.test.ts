import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Shop } from '../../../test/support/fixtures/shop/shop_pb.ts'
import { CallFailure } from '../calls/failure.ts'
import { WholeBody } from '../transport/whole-body.ts'
import { checkHead, checkStatus, isEmptyStream } from './status.ts'

const head = (status: number, headers: Readonly<Record<string, string>>) =>
  checkHead({ status, headers, body: new WholeBody('', new Uint8Array()) }, 'shop getBook', Shop.file)

const GRPC = { 'content-type': 'application/grpc' }

/** What an answer is: nothing to be said of it yet, or a failure with the code that it stands for and its HTTP status. */
const heads: readonly (readonly [
  what: string,
  status: number,
  headers: Readonly<Record<string, string>>,
  expected: null | readonly [failure: string, code?: string, status?: number],
])[] = [
  ['of gRPC', 200, GRPC, null],
  ['of gRPC with its format', 200, { 'content-type': 'application/grpc+proto' }, null],
  ['of gRPC in JSON', 200, { 'content-type': 'application/grpc+json' }, ['backend_response_invalid']],
  ['a page', 200, { 'content-type': 'text/html' }, ['backend_response_invalid']],
  ['a status alone', 200, { ...GRPC, 'grpc-status': '5' }, ['backend_status', 'not_found', 404]],
  ['OK alone, without a message', 200, { ...GRPC, 'grpc-status': '0' }, ['backend_response_invalid']],
  ['a status of nothing', 200, { ...GRPC, 'grpc-status': '77' }, ['backend_status', 'unknown', 500]],
  ['401 of a proxy', 401, {}, ['backend_status', 'unauthenticated', 401]],
  ['404 of no service', 404, { 'content-type': 'text/html' }, ['backend_status', 'unimplemented', 404]],
  ['503 of a proxy', 503, {}, ['backend_status', 'unavailable', 503]],
  [
    '503 with a status of its own',
    503,
    { 'grpc-status': '8' },
    ['backend_status', 'resource_exhausted', 429],
  ],
]

suite('an answer of a service', () => {
  test('that is OK alone is a stream of nothing where it may be one', async () => {
    const headers = { ...GRPC, 'grpc-status': '0' }
    const answer = { status: 200, headers, body: new WholeBody('', new Uint8Array()) }
    await checkHead(answer, 'shop watchBooks', Shop.file, true)
    assert.equal(isEmptyStream(headers), true)
  })

  for (const [what, status, headers, expected] of heads)
    test(`that is ${what} is ${expected?.join(' ') ?? 'read'}`, async () => {
      if (expected === null) return await head(status, headers)
      await assert.rejects(head(status, headers), (error: unknown) => {
        assert.ok(error instanceof CallFailure, String(error))
        const [failure, code, http] = expected
        assert.deepEqual(
          [error.failure, error.answer?.grpc?.code, error.answer?.status],
          [failure, code, http],
        )
        return true
      })
    })

  test('ends well by OK alone, and not without a status', async () => {
    await checkStatus({ 'grpc-status': '0' }, {}, 'shop getBook', Shop.file)
    await assert.rejects(checkStatus({}, {}, 'shop getBook', Shop.file), /it has no grpc-status/)
  })

  for (const [written, message] of [
    ['n%C3%B6', 'nö'],
    ['100%25 of it', '100% of it'],
    ['100% of it', '100% of it'],
    ['a%0D%0Ab', 'a\r\nb'],
  ] as const)
    test(`says ${JSON.stringify(message)} by ${JSON.stringify(written)}`, () =>
      assert.rejects(
        checkStatus({ 'grpc-status': '2', 'grpc-message': written }, {}, 'shop getBook', Shop.file),
        (error: unknown) => {
          assert.equal((error as CallFailure).answer?.grpc?.message, message)
          return true
        },
      ))

  test('has no details where they cannot be read', () =>
    assert.rejects(
      checkStatus({ 'grpc-status': '3', 'grpc-status-details-bin': '////' }, {}, 'shop getBook', Shop.file),
      (error: unknown) => {
        assert.deepEqual((error as CallFailure).answer?.grpc?.details, [])
        return true
      },
    ))
})
