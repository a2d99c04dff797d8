import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failures, type FailureName } from '../../../http/failures.ts'
import { outcomeOf, outcomes } from './outcome.ts'

for (const [failure, expected] of [
  ['authentication_required', 'denied_authentication'],
  ['access_denied', 'denied_authorization'],
  ['rate_limited', 'denied_other'],
  ['client_gone', 'client_error'],
  ['http_request_too_large', 'client_error'],
  ['connection_refused', 'upstream_error'],
  ['http_response_incomplete', 'upstream_error'],
  ['proxy_overloaded', 'gateway_error'],
  ['route_not_found', 'gateway_error'],
] as const)
  test(`${failure} is ${expected}`, () => assert.equal(outcomeOf(failure), expected))

const names = Object.keys(failures) as FailureName[]
const refusing = new Set([401, 403, 429])

test('who is refused is denied, whatever failure a later version adds', () => {
  const others = names.filter(
    name => refusing.has(failures[name].status) && !outcomeOf(name).startsWith('denied_'),
  )
  assert.deepEqual(others, [])
})

test('an outage is no denial', () => {
  const denied = names.filter(name => failures[name].status >= 500 && outcomeOf(name).startsWith('denied_'))
  assert.deepEqual(denied, [])
})

test('every outcome of a failure is one of the list', () =>
  assert.deepEqual(
    names.map(outcomeOf).filter(outcome => !outcomes.includes(outcome)),
    [],
  ))
