import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { failures, isFailureName } from '../failures.ts'
import { percentEncode } from './answer.ts'
import { grpcFormat, withFormat } from './content-type.ts'
import { failureStatus, httpStatus, isServiceFault, readStatus, serviceStatus } from './status.ts'
import { readTimeout, writeTimeout } from './timeout.ts'

suite('what a failure is to a gRPC client', () => {
  for (const name of Object.keys(failures))
    test(`${name} is an error`, () => {
      assert.ok(isFailureName(name))
      const status = failureStatus(name, '')
      assert.ok(status >= 1 && status <= 16)
    })

  for (const [failure, detail, status] of [
    ['connection_terminated', 'connection', 14],
    ['connection_terminated', 'cancel', 1],
    ['connection_terminated', 'internal_error', 13],
    ['http_response_incomplete', 'enhance_your_calm', 8],
    ['http_response_incomplete', 'inadequate_security', 7],
    ['connection_limit_reached', 'refused_stream', 14],
    ['connection_refused', 'ECONNREFUSED', 14],
  ] as const)
    test(`${failure}, ${detail}, is ${status}`, () => assert.equal(failureStatus(failure, detail), status))
})

test('a service is at fault where OpenTelemetry has it for an error of the server', () => {
  const codes = Array.from({ length: 17 }, (_, code) => code)
  assert.deepEqual(codes.filter(isServiceFault), [2, 4, 12, 13, 14, 15])
})

for (const [http, grpc] of [
  [400, 13],
  [401, 16],
  [403, 7],
  [404, 12],
  [418, 2],
  [429, 14],
  [431, 13],
  [500, 2],
  [502, 14],
  [503, 14],
  [504, 14],
] as const)
  test(`HTTP status ${http} is ${grpc}`, () => assert.equal(httpStatus(http), grpc))

for (const [text, status] of [
  ['0', 0],
  ['16', 16],
  ['17', 2],
  ['', 2],
  ['-1', 2],
  ['OK', 2],
] as const)
  test(`grpc-status ${JSON.stringify(text)} is ${status}`, () => assert.equal(readStatus(text), status))

for (const [type, format] of [
  [undefined, null],
  ['application/json', null],
  ['application/grpc', 'grpc'],
  ['Application/GRPC', 'grpc'],
  ['application/grpc+proto', 'grpc'],
  ['application/grpc;charset=utf-8', 'grpc'],
  ['application/grpc ; a=b', 'grpc'],
  ['application/grpcs', null],
  ['application/grpc-web', 'web'],
  ['application/grpc-web+proto', 'web'],
  ['application/grpc-web-text', 'web-text'],
  ['application/grpc-web-text+proto', 'web-text'],
  ['application/grpc-webs', null],
  ['x/application/grpc', null],
] as const)
  test(`${String(type)} is ${String(format)}`, () => assert.equal(grpcFormat(type), format))

test('the message format stays', () => {
  assert.equal(withFormat('application/grpc-web-text+proto;a=b', 'grpc'), 'application/grpc+proto;a=b')
  assert.equal(withFormat('application/grpc', 'web-text'), 'application/grpc-web-text')
})

for (const [text, ms] of [
  ['1S', 1000],
  ['99999999H', 99_999_999 * 3_600_000],
  ['2M', 120_000],
  ['250m', 250],
  ['1500u', 1.5],
  ['0n', 0],
  ['', null],
  ['S', null],
  ['1', null],
  ['1s', null],
  ['-1S', null],
  ['1.5S', null],
  ['+1S', null],
  [' 1S', null],
  ['123456789m', null],
] as const)
  test(`grpc-timeout ${JSON.stringify(text)} is ${String(ms)} ms`, () => assert.equal(readTimeout(text), ms))

for (const [ms, text] of [
  // Nothing left may read as no limit.
  [0.4, '1m'],
  [1500.9, '1500m'],
  [99_999_999, '99999999m'],
  [100_000_000, '100000S'],
  [1e15, '99999999S'],
] as const)
  test(`${ms} ms are written ${text}`, () => assert.equal(writeTimeout(ms), text))

for (const [text, encoded] of [
  ['The backend did not answer (a-1)', 'The backend did not answer (a-1)'],
  ['100%', '100%25'],
  ['a\r\nb', 'a%0D%0Ab'],
  ['é€', '%C3%A9%E2%82%AC'],
  ['\u{1f600}~', '%F0%9F%98%80~'],
] as const)
  test(`${JSON.stringify(text)} is written ${encoded}`, () => assert.equal(percentEncode(text), encoded))

for (const [code, status] of [
  [0, 200],
  [1, 200],
  [2, 500],
  [4, 200],
  [5, 200],
  [8, 200],
  [12, 200],
  [13, 500],
  [14, 503],
  [15, 500],
  [16, 200],
] as const)
  test(`a service that answers ${code} is judged as by ${status}`, () =>
    assert.equal(serviceStatus(code), status))
