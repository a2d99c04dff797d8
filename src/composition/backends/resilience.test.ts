import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { resilienceOf, type DeclaredResilience } from './resilience.ts'

suite('what is declared of a backend', () => {
  test('is kept as it is said, and nothing else', () => {
    const answer = { status: 200, contentType: 'application/json', body: '[]' }
    const said = {
      timeoutMs: 500,
      cache: { staleIfErrorMs: 0 },
      breaker: { errorPercent: 100 },
      fallback: { statuses: [500, 599], lastGoodMs: 1, answer },
    }
    const more = { ...said, url: 'http://a', hedging: undefined, retry: { attempts: 1 } }
    assert.deepEqual(resilienceOf(more as unknown as DeclaredResilience), said)
  })

  test('any time is nothing for who ends calls', () => {
    assert.deepEqual(resilienceOf({ timeoutMs: Infinity }), {})
  })

  const refused: readonly (readonly [settings: unknown, message: string])[] = [
    [{ attemptTimeoutMs: 0 }, 'attemptTimeoutMs of a backend: 0, expected 1 or more'],
    [{ timeoutMs: Number.NaN }, 'timeoutMs of a backend: null, expected 1 or more'],
    [{ cache: true }, 'cache of a backend: true, expected an object, {} for all defaults'],
    [
      { cache: { ttl: 1 } },
      'cache of a backend: "ttl", expected one of maxBodyBytes, heuristicPercent, staleWhileRevalidateMs, staleIfErrorMs, collapseMs',
    ],
    [{ hedging: { percentile: 100 } }, 'hedging.percentile of a backend: 100, expected 1 to 99'],
    [{ breaker: { errorPercent: '50' } }, 'breaker.errorPercent of a backend: "50", expected 0 to 100'],
    [{ bulkhead: { maxParallel: 0 } }, 'bulkhead.maxParallel of a backend: 0, expected 1 or more'],
    [{ fallback: {} }, 'fallback of a backend: {}, expected lastGoodMs, answer or both'],
    [
      { fallback: { lastGoodMs: 1 } },
      'fallback.lastGoodMs of a backend: 1, expected cache beside it, which keeps the answer',
    ],
    [
      { fallback: { statuses: [200], answer: { status: 200, contentType: 'a/b', body: '' } } },
      'fallback.statuses of a backend: 200, expected 400 to 599',
    ],
    [
      { fallback: { answer: { status: 200, contentType: 'a/b', body: {} } } },
      'fallback.answer.body of a backend: {}, expected text',
    ],
  ]
  for (const [settings, message] of refused)
    test(JSON.stringify(settings), () =>
      assert.throws(() => resilienceOf(settings as DeclaredResilience), { name: 'TypeError', message }),
    )
})
