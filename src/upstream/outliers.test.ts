import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { FakeClock } from '../../test/support/clock.ts'
import type { PassiveChecks } from '../snapshot/health.ts'
import { Endpoint } from './endpoint.ts'
import { Outliers } from './outliers.ts'

const none: PassiveChecks = {
  consecutive5xx: 0,
  consecutiveGatewayErrors: 0,
  intervalMs: 10_000,
  successRate: null,
  latency: null,
}

/** Endpoints a, b, c …, what was said of them, and `out` of those. */
function world(count: number, checks: Partial<PassiveChecks>, workers = 1) {
  const clock = new FakeClock()
  const log: string[] = []
  const owner = { makePool: () => ({ spare: 0, close() {} }), failed() {} }
  const all = Array.from({ length: count }, (_, i) => new Endpoint(owner, '10.0.0.1', i + 1, 1))
  const outliers = new Outliers(clock, workers, (endpoint, { reason, detail }) => {
    if (endpoint.ejectedUntilMs > 0) return
    endpoint.ejectedUntilMs = Infinity
    log.push(`${String.fromCharCode(96 + endpoint.port)} ${reason}: ${detail}`)
  })
  outliers.configure({ ...none, ...checks }, all)
  /** Answers as digits have it: 2 is 200, 4 is 404, 5 is 500, 3 is 503, x is none. */
  const answer = (index: number, digits: string, latencyMs = 1): void => {
    for (const digit of digits) {
      const endpoint = all[index]!
      if (digit === 'x') endpoint.broke('http_response_timeout')
      else {
        const status = { '2': 200, '3': 503, '4': 404, '5': 500 }[digit] ?? 0
        endpoint.answered(status, latencyMs)
        if (status < 500) endpoint.completed(status)
      }
    }
  }
  return { clock, log, all, outliers, answer }
}

suite('in a row, as Envoy has it', () => {
  for (const [checks, digits, expected] of [
    [{ consecutive5xx: 3 }, '55', []],
    [{ consecutive5xx: 3 }, '53x', ['a consecutive_5xx: 3 in a row']],
    [{ consecutive5xx: 3 }, '552555', ['a consecutive_5xx: 3 in a row']],
    [{ consecutive5xx: 3 }, '55255', []],
    // What a client does wrong is an answer like any other.
    [{ consecutive5xx: 3 }, '554'.repeat(9), []],
    [{ consecutive5xx: 3 }, '4'.repeat(99), []],
    [{ consecutiveGatewayErrors: 3 }, '555555', []],
    [{ consecutiveGatewayErrors: 3 }, '3x3', ['a consecutive_gateway_errors: 3 in a row']],
    [{ consecutiveGatewayErrors: 3 }, '335335', []],
    [{ consecutive5xx: 4, consecutiveGatewayErrors: 2 }, '533', ['a consecutive_gateway_errors: 2 in a row']],
  ] as const)
    test(`${JSON.stringify(checks)}: ${digits.slice(0, 12)}`, () => {
      const w = world(2, checks)
      w.answer(0, digits)
      assert.deepEqual(w.log, expected)
    })

  test('a body that breaks off is a failure, although its head was good', () => {
    const w = world(2, { consecutive5xx: 2 })
    for (let i = 0; i < 2; i++) {
      w.all[0]!.answered(200, 1)
      w.all[0]!.broke('http_response_incomplete')
    }
    assert.deepEqual(w.log, ['a consecutive_5xx: 2 in a row'])
  })

  test('what was under way when it was ejected does not count when it is back', () => {
    const w = world(2, { consecutive5xx: 2 })
    w.answer(0, '5555')
    w.all[0]!.ejectedUntilMs = 0
    w.outliers.returned(w.all[0]!)
    w.answer(0, '5')
    assert.equal(w.log.length, 1)
  })
})

suite('success rate against the others', () => {
  const successRate = { minEndpoints: 5, minRequests: 100, deviations: 1.9 }
  for (const [what, rates, expected] of [
    ['one of five fails always', [100, 100, 100, 100, 0], ['e']],
    ['one of five fails half of the time', [100, 100, 100, 100, 50], ['e']],
    ['all of them fail as often: what clients provoke everywhere is no outlier', [50, 50, 50, 50, 50], []],
    ['a single failure is luck', [100, 100, 100, 100, 99], []],
    ['two of ten', [100, 100, 100, 100, 100, 100, 100, 100, 100, 20], ['j']],
    ['four are too few', [100, 100, 100, 0], []],
  ] as const)
    test(what, () => {
      const w = world(rates.length, { successRate })
      rates.forEach((rate, i) => w.answer(i, '2'.repeat(rate) + '5'.repeat(100 - rate)))
      assert.deepEqual(w.log, [], 'not before the interval is over')
      w.clock.advance(10_000)
      assert.deepEqual(
        w.log.map(line => line[0]),
        expected,
      )
    })

  test('who had too few requests is no part of it, and a worker needs its share of them', () => {
    for (const [workers, out] of [
      [1, 0],
      [4, 1],
    ] as const) {
      const w = world(5, { successRate }, workers)
      for (let i = 0; i < 4; i++) w.answer(i, '2'.repeat(25))
      w.answer(4, '5'.repeat(25))
      w.clock.advance(10_000)
      assert.equal(w.log.length, out)
    }
  })

  test('each interval begins anew, and none begins without a request', () => {
    const w = world(5, { successRate })
    assert.deepEqual(w.clock.waits, [])
    for (let i = 0; i < 5; i++) w.answer(i, '2'.repeat(60))
    w.clock.advance(10_000)
    assert.deepEqual(w.clock.waits, [])
    for (let i = 0; i < 5; i++) w.answer(i, (i === 4 ? '5' : '2').repeat(60))
    w.clock.advance(10_000)
    assert.deepEqual(w.log, [])
  })
})

suite('latency against the others', () => {
  const latency = { minEndpoints: 3, minRequests: 10, factor: 3, leastMs: 100 }
  for (const [what, each, expected] of [
    ['one is ten times as slow', [30, 30, 300], ['c latency: answers took 300 ms, 30 ms in the median']],
    ['all are slow', [300, 300, 300], []],
    ['what is fast enough is not looked at', [1, 1, 99], []],
    ['two cannot be told apart', [30, 300], []],
  ] as const)
    test(what, () => {
      const w = world(each.length, { latency })
      each.forEach((ms, i) => w.answer(i, '2'.repeat(10), ms))
      w.clock.advance(10_000)
      assert.deepEqual(w.log, expected)
    })

  test('a few requests that somebody has made slow on purpose eject nobody', () => {
    const w = world(3, { latency })
    for (let i = 0; i < 3; i++) w.answer(i, '2'.repeat(40), 30)
    w.answer(0, '22222', 30_000)
    w.clock.advance(10_000)
    assert.deepEqual(w.log, [])
  })
})

test('without checks nobody is told anything, and no timer is left', () => {
  const w = world(3, { successRate: { minEndpoints: 2, minRequests: 1, deviations: 1 } })
  w.answer(0, '2')
  assert.equal(w.clock.waits.length, 1)
  w.outliers.configure(null, w.all)
  assert.deepEqual(w.clock.waits, [])
  assert.ok(w.all.every(({ judge }) => judge === null))
})
