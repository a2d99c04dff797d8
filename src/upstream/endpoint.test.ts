import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Endpoint, type EndpointJudge, type EndpointPool } from './endpoint.ts'

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

test('who judges an endpoint hears of answers and of what it is to blame for, and of nothing else', () => {
  const endpoint = new Endpoint({ makePool: () => pool, failed: () => {} }, '10.0.0.1', 80, 1)
  endpoint.answered(500, 1)
  endpoint.broke('connection_terminated')
  const heard: string[] = []
  const judge: EndpointJudge = {
    answered: (status, latencyMs) => heard.push(`${status} in ${latencyMs}`),
    completed: status => heard.push(`whole ${status}`),
    broke: () => heard.push('broke'),
  }
  endpoint.judge = judge
  endpoint.answered(200, 3)
  endpoint.completed(200)
  for (const failure of [
    'http_response_timeout',
    'http_response_body_size',
    'http_upgrade_failed',
    'request_header_section_size',
    'connection_limit_reached',
    'http_response_incomplete',
    'client_gone',
  ] as const)
    endpoint.broke(failure)
  endpoint.connectFailed('connection_refused', 0)
  endpoint.connectFailed('proxy_ports_exhausted', 0)
  assert.deepEqual(heard, ['200 in 3', 'whole 200', 'broke', 'broke', 'broke'])
})

test('an answer ends the row of connections that could not be made', () => {
  const endpoint = new Endpoint({ makePool: () => pool, failed: () => {} }, '10.0.0.1', 80, 1)
  endpoint.connectFailed('connection_refused', 0)
  assert.equal(endpoint.failures, 1)
  endpoint.answered(404, 1)
  assert.equal(endpoint.failures, 0)
})
