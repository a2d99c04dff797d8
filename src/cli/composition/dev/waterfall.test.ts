import assert from 'node:assert/strict'
import { test } from 'node:test'
import { painter } from '../../../telemetry/colour.ts'
import { waterfall, type Call } from './waterfall.ts'

const call = (name: string, fromMs: number, toMs: number, more: Partial<Call> = {}): Call => ({
  call: name,
  outcome: 'ok',
  status: 200,
  attempts: 1,
  fromMs,
  toMs,
  ...more,
})

test('a request and its calls, each where it ran', () => {
  const text = waterfall(
    {
      time: '',
      composition: 'default/shop',
      method: 'GET',
      path: '/me/7',
      status: 200,
      partial: 'orders',
      tookMs: 48,
      calls: [
        call('users GET /users/{id}', 0, 24),
        call('shop GET /orders', 0, 12, { outcome: 'backend_status', status: 503, attempts: 3 }),
        call('shop GET /offers/{tier}', 24, 48),
        call('shop GET /late', 47.9, 60, { outcome: null, status: null }),
        call('shop GET /gone', 0, 0, { outcome: 'cancelled', status: null }),
      ],
    },
    painter(false),
  )
  assert.equal(
    text,
    `200  GET /me/7  48 ms  without orders
     users GET /users/{id}    ━━━━━━━━━━━━              24 ms
     shop GET /orders         ━━━━━━                    12 ms  answered 503  3 attempts
     shop GET /offers/{tier}              ━━━━━━━━━━━━  24 ms
     shop GET /late                                  ━  12 ms  under way
     shop GET /gone           ━                         0 ms  cancelled`,
  )
})

test('a request that calls nothing', () => {
  const answered = {
    time: '',
    composition: 'a/b',
    method: 'PUT',
    path: '/',
    status: 404,
    tookMs: 0,
    calls: [],
  }
  assert.equal(waterfall(answered, painter(false)), '404  PUT /  0 ms')
})
