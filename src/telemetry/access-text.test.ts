import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AccessRecord } from './access-record.ts'
import { accessText } from './access-text.ts'

const noon = new Date(2026, 0, 2, 12, 3, 4, 567).getTime()

function line(fields: Partial<AccessRecord>, colour = false): string {
  const record = Object.assign(new AccessRecord(), fields)
  return Buffer.from(accessText(record, noon, 'redact', colour), 'latin1').toString('utf8')
}

const shop: Partial<AccessRecord> = {
  method: 'GET',
  serverAddress: 'shop.example',
  path: '/cart',
  status: 200,
  durationMs: 3.21,
  route: 'httproute/default/shop/0',
  endpoint: '127.0.0.1:9000',
  attempts: 1,
  exchangeId: 'x-1',
  clientAddress: '192.0.2.1',
}

for (const [what, fields, expected] of [
  [
    'a request that was answered',
    {},
    '12:03:04 GET    shop.example/cart                        200  3.2 ms  httproute/default/shop/0 → 127.0.0.1:9000\n',
  ],
  [
    'the values of secret parameters are not shown',
    { query: '?page=2&token=abc' },
    '12:03:04 GET    shop.example/cart?page=2&token=[redacted] 200  3.2 ms  httproute/default/shop/0 → 127.0.0.1:9000\n',
  ],
  [
    'a failure, its attempts, and the id of its error body',
    { status: 502, durationMs: 1_234, attempts: 3, failure: 'connection_refused' },
    '12:03:04 GET    shop.example/cart                        502   1.2 s  httproute/default/shop/0 → 127.0.0.1:9000 (3 attempts)  connection_refused  [x-1]\n',
  ],
  [
    'no route',
    { status: 404, route: '', endpoint: '', attempts: 0, failure: 'route_not_found', durationMs: 12.7 },
    '12:03:04 GET    shop.example/cart                        404   13 ms  route_not_found  [x-1]\n',
  ],
  [
    'a client that left before its answer',
    { status: 0, failure: 'client_gone' },
    '12:03:04 GET    shop.example/cart                        ---  3.2 ms  httproute/default/shop/0 → 127.0.0.1:9000  client_gone  [x-1]\n',
  ],
  [
    'a gRPC call that failed',
    { grpcStatus: 14 },
    '12:03:04 GET    shop.example/cart                        200  3.2 ms  httproute/default/shop/0 → 127.0.0.1:9000  grpc-status 14\n',
  ],
  [
    'a connection that was refused',
    {
      method: '',
      status: 0,
      path: '',
      serverAddress: '',
      route: '',
      endpoint: '',
      exchangeId: '',
      durationMs: 0,
      rejection: 'tls_handshake_failed',
      failureReason: 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA',
    },
    '12:03:04        from 192.0.2.1                                0.0 ms  tls_handshake_failed: ERR_SSL_TLSV1_ALERT_UNKNOWN_CA\n',
  ],
] as const satisfies readonly (readonly [string, Partial<AccessRecord>, string])[])
  test(what, () => assert.equal(line({ ...shop, ...fields }), expected))

test('what a client chose cannot move the cursor or forge a line', () => {
  const shown = line({ ...shop, serverAddress: 'a\x1b[2J\nb', path: '/\u009b' })
  assert.match(shown, /a\\u001b\[2J\\nb\/\\u009b/)
  assert.equal(shown.split('\n').length, 2)
})

test('colours tell classes of status apart, and are left out where there are none to be', () => {
  const colours = [200, 301, 404, 502].map(
    status => /\x1b\[(\d+)m\d{3}\x1b/.exec(line({ ...shop, status }, true))?.[1],
  )
  assert.equal(new Set(colours).size, 4)
  assert.doesNotMatch(line(shop), /\x1b/)
})

test('each character is one byte, which is what the log counts', () => {
  const text = accessText(Object.assign(new AccessRecord(), shop), noon, 'redact', true)
  assert.match(text, /^[\x00-\xff]+$/)
})
