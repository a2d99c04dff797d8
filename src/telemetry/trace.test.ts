import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fields } from '../http/fields.ts'
import { HINT_ORIGIN, HINT_TRACE } from '../http/head.ts'
import { isTracestate, parseTraceparent, propagate } from './trace.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SPAN = 'b7ad6b7169203331'
const PARENT = `00-${TRACE}-${SPAN}-01`

for (const [value, expected] of [
  [PARENT, { traceId: TRACE, spanId: SPAN, sampled: true }],
  [`00-${TRACE}-${SPAN}-00`, { traceId: TRACE, spanId: SPAN, sampled: false }],
  // Level 2: the second flag says that the trace id is random; unknown flags are let pass.
  [`00-${TRACE}-${SPAN}-02`, { traceId: TRACE, spanId: SPAN, sampled: false }],
  [`00-${TRACE}-${SPAN}-ff`, { traceId: TRACE, spanId: SPAN, sampled: true }],
  // Later versions.
  [`cc-${TRACE}-${SPAN}-01`, { traceId: TRACE, spanId: SPAN, sampled: true }],
  [`cc-${TRACE}-${SPAN}-01-what-the-future`, { traceId: TRACE, spanId: SPAN, sampled: true }],
  [`cc-${TRACE}-${SPAN}-01.what`, null],
  [`cc-${TRACE}-${SPAN}-011`, null],
  [`ff-${TRACE}-${SPAN}-01`, null],
  [`00-${TRACE}-${SPAN}-01-`, null],
  [`00-${TRACE}-${SPAN}-01-what`, null],
  [`00-${TRACE}-${SPAN}-0`, null],
  [`00-${TRACE}-${SPAN}`, null],
  [`00-${'0'.repeat(32)}-${SPAN}-01`, null],
  [`00-${TRACE}-${'0'.repeat(16)}-01`, null],
  [PARENT.toUpperCase(), null],
  [`00-${TRACE.slice(1)}g-${SPAN}-01`, null],
  [`00-${TRACE}-${SPAN.slice(1)}-01`, null],
  [`0-${TRACE}-${SPAN}-01`, null],
  [`.0-${TRACE}-${SPAN}-01`, null],
  [` ${PARENT}`, null],
  [`${PARENT}, ${PARENT}`, null],
  ['', null],
] as const)
  test(`traceparent ${value || '(empty)'} is ${expected === null ? 'invalid' : 'valid'}`, () => {
    assert.deepEqual(parseTraceparent(value), expected)
  })

const members = (count: number): string => Array.from({ length: count }, (_, i) => `k${i}=v`).join(',')

for (const [value, valid] of [
  ['rojo=00f067aa0ba902b7,congo=t61rcWkgMzE', true],
  ['a=1 , b=2\t,\tc=3', true],
  ['a=1,,b=2,', true],
  ['', true],
  ['a=1,a=2', true],
  [members(32), true],
  [members(33), false],
  [`${members(32)},,`, true],
  ['tenant@system=1', true],
  ['0a*_-/@=1', true],
  ['1=1', true],
  [`${'k'.repeat(256)}=1`, true],
  [`${'k'.repeat(257)}=1`, false],
  [`k=${'v'.repeat(256)}`, true],
  [`k=${'v'.repeat(257)}`, false],
  ['k= v', true],
  ['k=v w', true],
  ['k=', false],
  ['=v', false],
  ['k', false],
  ['K=v', false],
  ['_k=v', false],
  ['k =v', false],
  ['k=v=w', false],
  ['k=\u00e4', false],
  ['k=v\tw', false],
  ['a=1;b', true],
  ['a=1;b=2', false],
] as const)
  test(`tracestate ${JSON.stringify(value.slice(0, 40))} (${value.length}) is ${valid ? 'valid' : 'invalid'}`, () => {
    assert.equal(isTracestate(value), valid)
  })

const kept = ['Accept', '*/*']

for (const [name, list, expected, context] of [
  ['valid', ['TraceParent', PARENT, 'tracestate', 'a=1'], ['TraceParent', PARENT, 'tracestate', 'a=1'], true],
  ['no state', ['traceparent', PARENT], ['traceparent', PARENT], true],
  [
    'several state fields, in order',
    ['tracestate', 'a=1', 'traceparent', PARENT, 'tracestate', 'b=2'],
    ['tracestate', 'a=1', 'traceparent', PARENT, 'tracestate', 'b=2'],
    true,
  ],
  [
    'too many members over several fields',
    ['traceparent', PARENT, 'tracestate', members(32), 'tracestate', 'x=1'],
    ['traceparent', PARENT],
    true,
  ],
  [
    'invalid state',
    ['traceparent', PARENT, 'tracestate', 'A=1', 'Tracestate', 'b=1'],
    ['traceparent', PARENT],
    true,
  ],
  ['invalid parent', ['traceparent', 'x', 'tracestate', 'a=1', 'tracestate', 'b=1'], [], false],
  ['repeated parent', ['traceparent', PARENT, 'traceparent', PARENT, 'tracestate', 'a=1'], [], false],
  ['state alone', ['tracestate', 'a=1'], [], false],
] as const)
  test(`propagation: ${name}`, () => {
    const fields = new Fields([...kept, ...list])
    const result = propagate({ hints: HINT_TRACE | HINT_ORIGIN, fields })
    assert.deepEqual(fields.list, [...kept, ...expected])
    assert.deepEqual(result, context ? { traceId: TRACE, spanId: SPAN, sampled: true } : null)
  })

test('without the hint, fields are not looked at', () => {
  const fields = new Fields(['traceparent', 'invalid'])
  assert.equal(propagate({ hints: HINT_ORIGIN, fields }), null)
  assert.deepEqual(fields.list, ['traceparent', 'invalid'])
})
