import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Endpoint } from './endpoint.ts'
import { inService } from './endpoint-state.ts'

const owner = { makePool: () => ({ spare: 0, close() {} }), failed() {} }
const policy = { consecutiveFailures: 5, baseEjectionMs: 1, maxEjectionMs: 1, maxEjectedPercent: 50 }

/** `.` serves, `e` is ejected, `s` sick, `?` not checked yet, `u` unready, `t` terminating. */
const endpoints = (text: string): readonly Endpoint[] =>
  Array.from(text, (letter, i) => {
    const endpoint = new Endpoint(owner, '10.0.0.1', i + 1, 1)
    if (letter === 'e') endpoint.ejectedUntilMs = 1
    if (letter === 's') endpoint.sickness = { reason: 'status 500', unchecked: false }
    if (letter === '?') endpoint.sickness = { reason: 'not checked yet', unchecked: true }
    if (letter === 'u') endpoint.readiness = 'unready'
    if (letter === 't') endpoint.readiness = 'terminating'
    return endpoint
  })

for (const [text, percent, serving, panics] of [
  ['....', 50, '1234', false],
  ['e...', 50, '234', false],
  ['se..', 50, '34', false],
  ['sse.', 50, '1234', true],
  ['sse.', 25, '4', false],
  ['ssss', 25, '1234', true],
  ['ssss', 0, '', false],
  ['sse.', 0, '4', false],
  ['ee.', 50, '123', true],
  ['u..', 50, '23', false],
  ['uus', 50, '3', true],
  ['uuu', 50, '', false],
  ['utt', 50, '23', false],
  ['ut.', 50, '3', false],
  ['uts', 50, '3', true],
  ['????', 50, '', false],
  ['???.', 50, '4', false],
  ['??s.', 50, '4', false],
  ['?sss', 50, '234', true],
  ['', 50, '', false],
] as const)
  test(`of "${text}" at ${percent} % serve "${serving}"${panics ? ' in panic' : ''}`, () => {
    const found = inService(endpoints(text), policy, percent)
    assert.equal(found.serving.map(({ port }) => port).join(''), serving)
    assert.equal(found.panics, panics)
  })
