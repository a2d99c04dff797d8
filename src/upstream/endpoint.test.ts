import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Endpoint, type EndpointPool } from './endpoint.ts'

const pool: EndpointPool = { spare: 0, close: () => {} }

test('the rate of requests follows what began, and fades when nothing does', () => {
  const endpoint = new Endpoint({ makePool: () => pool, failed: () => {} }, '10.0.0.1', 80, 1)
  endpoint.measure(1_000)
  const pass = (seconds: number, perS: number): number => {
    const begin = Math.round(now / 500)
    for (let i = begin + 1; i <= begin + seconds * 2; i++) {
      for (let k = 0; k < perS / 2; k++) endpoint.begin()
      endpoint.measure((now = i * 500))
    }
    return endpoint.requestsPerS
  }
  let now = 1_000
  assert.ok(Math.abs(pass(10, 20) - 20) < 0.5)
  const fading = pass(2, 0)
  assert.ok(fading > 1 && fading < 10, String(fading))
  assert.ok(pass(20, 0) < 0.05)
  // Two sweeps at one moment are no time in which nothing began.
  endpoint.measure(now)
  assert.ok(Number.isFinite(endpoint.requestsPerS))
})
