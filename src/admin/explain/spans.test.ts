import assert from 'node:assert/strict'
import { test } from 'node:test'
import { spansText } from './spans.ts'

const told = { to: 'default/a Backend/default/otel', name: '', attributes: [] }

for (const [tracing, expected] of [
  ['off', 'nobody is told'],
  [{ ...told, share: 1, parents: 1 }, '100 % of traces that begin here'],
  [
    { ...told, share: 1 / 3, parents: 0.5 },
    '33.3333 % of traces that begin here, 50 % of those that are told of before',
  ],
  [{ ...told, share: 0, parents: null }, '0 % of traces that begin here or before'],
] as const)
  test(`spans: ${expected}`, () =>
    assert.equal(spansText(tracing), tracing === 'off' ? expected : `${told.to}, ${expected}`))
