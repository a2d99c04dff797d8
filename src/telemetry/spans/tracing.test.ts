import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { continued, type TracingSettings } from './tracing.ts'

const parent = (flags: string): string => `00-${'1'.repeat(32)}-${'2'.repeat(16)}-${flags}`

suite('whether a trace is told', () => {
  // oxfmt-ignore
  for (const [settings, traceparent, random, expected] of [
    [{ share: 1 }, undefined, 0.99, true],
    [{ share: 0.5 }, undefined, 0.49, true],
    [{ share: 0.5 }, undefined, 0.5, false],
    [{ share: 0 }, undefined, 0, false],
    // Who began it has decided.
    [{ share: 0 }, parent('01'), 0.99, true],
    [{ share: 1 }, parent('00'), 0, false],
    // Of those that are told before a share is told here.
    [{ share: 0, parents: 0.5 }, parent('01'), 0.49, true],
    [{ share: 1, parents: 0.5 }, parent('01'), 0.5, false],
    [{ share: 1, parents: 0.5 }, parent('00'), 0, false],
    // What others decide is no matter.
    [{ share: 0.5, parents: null }, parent('01'), 0.5, false],
    [{ share: 0.5, parents: null }, parent('00'), 0.49, true],
    // What is no traceparent begins nothing.
    [{ share: 0.5, parents: 1 }, 'x', 0.5, false],
  ] as const satisfies readonly (readonly [TracingSettings, string | undefined, number, boolean])[])
    test(`${JSON.stringify(settings)}, ${traceparent ?? 'begun here'}, ${random}: ${expected}`, t => {
      t.mock.method(Math, 'random', () => random)
      const { sampled, traceId } = continued(traceparent, undefined, settings)
      assert.equal(sampled, expected)
      // It is the same trace all the same.
      if (traceparent !== undefined && traceparent !== 'x') assert.equal(traceId, '1'.repeat(32))
    })
})
