import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { accepted } from './accept.ts'

const offers = [
  ['json', 'application/json'],
  ['lines', 'application/x-ndjson', 'application/jsonl'],
  ['html', 'text/html'],
] as const

suite('of JSON, lines and HTML', () => {
  for (const [accept, expected] of [
    [undefined, 'json'],
    ['', 'json'],
    ['*/*', 'json'],
    ['text/*', 'html'],
    ['application/*', 'json'],
    ['application/jsonl', 'lines'],
    ['Application/JSONL; charset=utf-8', 'lines'],
    ['text/html, application/json', 'json'],
    ['text/html, application/json;q=0.9', 'html'],
    ['text/html, */*', 'html'],
    ['*/*, text/*', 'html'],
    ['application/*, application/x-ndjson', 'lines'],
    ['application/x-ndjson;q=0.5, */*', 'json'],
    ['application/x-ndjson;q=0.999, */*', 'json'],
    ['application/json;q=0, */*', 'lines'],
    ['application/*;q=0, */*;q=0.1', 'html'],
    ['application/json;q=0, application/*', 'lines'],
    ['image/png', null],
    ['*/*;q=0', null],
    ['text/html;q=nonsense', null],
    [`${'a/b,'.repeat(64)}text/html`, null],
  ] as const)
    test(`${(accept ?? 'no field').slice(0, 60)}: ${expected ?? 'none'}`, () =>
      assert.equal(accepted(accept, offers), expected))
})
