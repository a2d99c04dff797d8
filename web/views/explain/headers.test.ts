import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readHeaders } from './headers.ts'

for (const [text, read] of [
  ['', []],
  ['accept: text/html', [{ name: 'accept', value: 'text/html' }]],
  [
    ' A:  b c \n\n x-empty:',
    [
      { name: 'A', value: 'b c' },
      { name: 'x-empty', value: '' },
    ],
  ],
  ['x-time: 10:30', [{ name: 'x-time', value: '10:30' }]],
  ['accept: a\nnonsense', '“nonsense” is no header; it is written NAME: VALUE'],
  ['two words: a', '“two words: a” is no header; it is written NAME: VALUE'],
] as const)
  test(JSON.stringify(text), () => assert.deepEqual(readHeaders(text), read))
