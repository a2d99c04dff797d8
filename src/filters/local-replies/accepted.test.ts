import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chooser } from './accepted.ts'

const all = { json: '{}', html: '<p>', text: '-' }

for (const [accept, bodies, expected] of [
  [undefined, all, 'json'],
  ['*/*', all, 'json'],
  ['*/*', { html: '<p>' }, 'html'],
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', all, 'html'],
  ['text/*', all, 'html'],
  ['text/plain, text/html;q=0.5', all, 'text'],
  ['TEXT/HTML; Q=1', all, 'html'],
  ['application/json;q=0, */*', all, 'html'],
  ['text/html;q=0, */*', { html: '<p>' }, null],
  ['application/problem+json', all, null],
  ['', all, 'json'],
] as const)
  test(`${String(accept)} of ${Object.keys(bodies).join(', ')} takes ${expected ?? 'what there was'}`, () => {
    assert.equal(chooser(bodies)(accept), expected)
  })
