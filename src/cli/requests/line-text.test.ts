import assert from 'node:assert/strict'
import { test } from 'node:test'
import { painter } from '../../telemetry/colour.ts'
import type { RequestLine } from '../../admin/shapes/requests.ts'
import { lineText } from './line-text.ts'

const line: RequestLine = {
  id: 'abc',
  at: '2026-11-26T10:00:00.000Z',
  method: 'GET',
  scheme: 'http',
  host: 'shop.example',
  path: '/cart',
  query: '?x=1',
  status: 200,
  version: 'HTTP/1.1',
  client: '203.0.113.7',
  peer: null,
  port: 8080,
  listener: 'default/gw/web',
  route: 'httproute/default/shop/0',
  cluster: 'Backend/default/shop',
  endpoint: '127.0.0.1:9000',
  attempts: 1,
  durationMs: 3.21,
  upstreamMs: 3,
  requestBytes: 0,
  responseBytes: 5,
  failure: null,
  failureReason: null,
  rejection: null,
  grpcStatus: null,
  userAgent: null,
  traceId: null,
  error: false,
  slow: false,
  cut: [],
}

const blank = {
  method: null,
  host: null,
  path: null,
  query: null,
  status: null,
  route: null,
  endpoint: null,
} as const

for (const [what, change, expected] of [
  [
    'a request',
    {},
    'GET    shop.example/cart?x=1                    200  3.2 ms  httproute/default/shop/0 → 127.0.0.1:9000',
  ],
  [
    'one that failed after a second attempt',
    {
      status: 502,
      attempts: 2,
      durationMs: 1_500,
      failure: 'connection_refused',
      failureReason: 'ECONNREFUSED',
    },
    'GET    shop.example/cart?x=1                    502   1.5 s  httproute/default/shop/0 → 127.0.0.1:9000 (2 attempts)  connection_refused: ECONNREFUSED  [abc]',
  ],
  [
    'a connection that was refused',
    { ...blank, id: null, rejection: 'tls_unrecognized_name', durationMs: 0 },
    '       from 203.0.113.7                         ---  0.0 ms  tls_unrecognized_name',
  ],
  [
    'one with what would move the cursor',
    { path: '/\u001b[2J\u009b', query: null, route: null, endpoint: null },
    'GET    shop.example/\\x1b[2J\\x9b                 200  3.2 ms',
  ],
] as const)
  test(`the line of ${what}`, () => {
    assert.equal(lineText({ ...line, ...change }, painter(false)).slice(9), expected)
  })
