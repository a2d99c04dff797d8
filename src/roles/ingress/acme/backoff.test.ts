import assert from 'node:assert/strict'
import { test } from 'node:test'
import { waitMs } from './backoff.ts'
import { retryAfterMs } from './calls.ts'
import { AcmeRefusal, type RefusalReason } from './refusal.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** Each row: what was refused, how often in a row, what the directory asks for, and how long it is left alone. */
for (const [reason, failures, asked, expected] of [
  ['DirectoryUnreachable', 1, 0, 5 * SECOND],
  ['DirectoryUnreachable', 4, 0, 40 * SECOND],
  ['DirectoryUnreachable', 1_000, 0, HOUR],
  ['ValidationFailed', 1, 0, MINUTE],
  ['ValidationFailed', 5, 0, 16 * MINUTE],
  ['ValidationFailed', 50, 0, 6 * HOUR],
  ['AccountRefused', 2, 0, 2 * MINUTE],
  ['RateLimited', 1, 0, 15 * MINUTE],
  ['RateLimited', 1, 30 * HOUR, 30 * HOUR],
  ['DirectoryUnreachable', 1, HOUR, HOUR],
] as const satisfies readonly (readonly [RefusalReason, number, number, number])[])
  test(`${reason} ${failures} times, asked for ${asked} ms: ${expected} ms, and up to a fifth more`, () => {
    const refusal = new AcmeRefusal(reason, '', asked)
    assert.equal(waitMs(refusal, failures, 0), expected)
    assert.equal(waitMs(refusal, failures, 1), expected * 1.2)
  })

const nowMs = Date.parse('2026-01-01T00:00:00Z')

/** Each row: what Retry-After says, and the milliseconds that it means. */
for (const [value, expected] of [
  ['120', 120 * SECOND],
  ['Thu, 01 Jan 2026 01:00:00 GMT', HOUR],
  ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
  ['99999999999', 7 * 24 * HOUR],
  ['soon', 0],
  ['', 0],
  [undefined, 0],
] as const)
  test(`Retry-After: ${String(value)} is ${expected} ms`, () =>
    assert.equal(retryAfterMs(value, nowMs), expected))
