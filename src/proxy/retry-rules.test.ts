import assert from 'node:assert/strict'
import { mock, suite, test } from 'node:test'
import { Fields } from '../http/fields.ts'
import { pauseBefore, retryAfterMs, routeRetry, withPolicy } from './retry-rules.ts'

const policy = {
  attempts: 4,
  codes: [500],
  grpcCodes: [14],
  connectFailures: false,
  resets: true,
  timeouts: false,
  backoffMs: 100,
  maxBackoffMs: 0,
}

suite('what is repeated', () => {
  test('is what the route says, where no policy says more', () =>
    assert.deepEqual(routeRetry({ attempts: 2, codes: [503], backoffMs: 25 }), {
      attempts: 2,
      codes: [503],
      grpcCodes: [],
      connectFailures: true,
      resets: true,
      timeouts: true,
      backoffMs: 25,
      maxBackoffMs: 250,
    }))

  for (const [what, route, expected] of [
    ['the policy', null, { attempts: 4, codes: [500], backoffMs: 100, maxBackoffMs: 1000 }],
    [
      'the route, where both say it',
      { attempts: 2, codes: [503], backoffMs: 25 },
      { attempts: 2, codes: [503], backoffMs: 25, maxBackoffMs: 250 },
    ],
    [
      'the statuses of the policy, where the route names none',
      { attempts: 2, codes: [], backoffMs: 25 },
      { attempts: 2, codes: [500], backoffMs: 25, maxBackoffMs: 250 },
    ],
  ] as const)
    test(`is by the word of ${what}`, () =>
      assert.deepEqual(withPolicy(routeRetry(route), policy), { ...policy, ...expected }))
})

suite('the pause before an attempt', () => {
  const rules = { ...policy, backoffMs: 100, maxBackoffMs: 500 }

  for (const [attempts, least] of [
    [1, 100],
    [2, 200],
    [3, 400],
    [4, 500],
    [60, 500],
  ] as const)
    for (const chance of [0, 0.5, 0.999])
      test(`is doubled with each, after ${attempts} by the chance of ${chance}`, () => {
        const random = mock.method(Math, 'random', () => chance)
        try {
          assert.equal(pauseBefore(rules, attempts, 0), least * (1 + chance / 2))
        } finally {
          random.mock.restore()
        }
      })

  test('is never below what the route says, whatever the longest', () =>
    assert.ok(pauseBefore({ ...rules, maxBackoffMs: 10 }, 1, 0) >= 100))

  test('is what the backend asks for, as far as that may be waited', () => {
    assert.equal(pauseBefore(rules, 1, 400), 400)
    assert.equal(pauseBefore(rules, 1, 501), Infinity)
  })
})

suite('Retry-After', () => {
  const nowMs = Date.parse('2026-11-26T12:00:00Z')
  for (const [text, expected] of [
    [null, 0],
    ['3', 3_000],
    ['0', 0],
    ['Thu, 26 Nov 2026 12:00:07 GMT', 7_000],
    ['Thu, 26 Nov 2026 11:00:00 GMT', 0],
    ['-1', 0],
    ['soon', 0],
  ] as const)
    test(`${String(text)} asks for ${expected} ms`, () => {
      const fields = new Fields(text === null ? [] : ['Retry-After', text])
      assert.equal(retryAfterMs({ fields }, nowMs), expected)
    })
})
