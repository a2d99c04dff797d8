import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { negotiated } from './formats.ts'

suite('what a client of a stream accepts', () => {
  for (const [accept, expected] of [
    [undefined, 'text/event-stream'],
    ['*/*', 'text/event-stream'],
    ['text/event-stream', 'text/event-stream'],
    ['application/json', 'application/json'],
    ['application/x-ndjson', 'application/x-ndjson'],
    ['application/ndjson', 'application/x-ndjson'],
    ['application/*', 'application/x-ndjson'],
    ['application/json, text/event-stream;q=0.5', 'application/json'],
    ['text/event-stream;q=0, */*', 'application/x-ndjson'],
    ['Application/JSON; charset=utf-8', 'application/json'],
    ['text/html', undefined],
    ['*/*;q=0', undefined],
  ] as const)
    test(`${accept ?? 'nothing said'}: ${expected ?? 'none'}`, () =>
      assert.equal(negotiated(accept)?.type, expected))
})
