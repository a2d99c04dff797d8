import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rangeOf, stepsOf } from './range.ts'

test('a range ends now', () =>
  assert.deepEqual(rangeOf('hour', Date.parse('2027-01-02T03:04:05Z')), {
    from: '2027-01-02T02:04:05.000Z',
    step: 'minute',
  }))

test('there is a step for each hour, from the one that has begun', () =>
  assert.deepEqual(stepsOf('hour', '2027-01-01T23:30:00Z', '2027-01-02T01:00:00Z'), [
    '2027-01-01T23:00:00.000Z',
    '2027-01-02T00:00:00.000Z',
  ]))

test('a day has as many as it has days', () =>
  assert.equal(stepsOf('day', '2027-01-01T00:00:00Z', '2027-01-31T00:00:00Z').length, 30))
