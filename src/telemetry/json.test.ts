import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { escapeJson } from './json.ts'

const latin1 = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map(code => String.fromCharCode(code)) })
/** Every sequence of UTF-16 units, lone surrogates too. */
const units = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map(code => String.fromCharCode(code)) })
const ASCII = /^[\x20-\x7e]*$/

for (const [name, strings] of [
  ['latin1', latin1],
  ['UTF-16', units],
  ['unicode', fc.string({ unit: 'binary' })],
] as const)
  test(`${name} text comes back from JSON as it was, in printable ASCII`, () => {
    fc.assert(
      fc.property(strings, text => {
        const escaped = escapeJson(text)
        assert.match(escaped, ASCII)
        assert.equal(JSON.parse(`"${escaped}"`), text)
      }),
      { numRuns: 2_000 },
    )
  })

test('every single character comes back', () => {
  for (let code = 0; code <= 0xffff; code++) {
    const char = String.fromCharCode(code)
    assert.equal(JSON.parse(`"${escapeJson(char)}"`), char)
  }
})

test('a limit holds for the result, and cuts between escapes', () => {
  fc.assert(
    fc.property(units, fc.integer({ min: 0, max: 40 }), (text, limit) => {
      const escaped = escapeJson(text, limit)
      const back: unknown = JSON.parse(`"${escaped}"`)
      if (back === text) return assert.ok(escaped.length <= limit)
      assert.ok(escaped.endsWith('\\u2026') && escaped.length <= limit + 6)
      assert.ok(typeof back === 'string' && text.startsWith(back.slice(0, -1)))
      assert.ok(escapeJson(text).length > limit)
    }),
    { numRuns: 2_000 },
  )
})

for (const [text, limit, expected] of [
  ['abcdef', 6, 'abcdef'],
  ['abcdef', 5, 'abcde\\u2026'],
  ['ab"def', 6, 'ab\\"de\\u2026'],
  ['ab"', 3, 'ab\\u2026'],
  ['\xff\xff', 11, '\\u00ff\\u2026'],
  ['\u{1f600}', 11, '\\u2026'],
  ['\u{1f600}', 12, '\\ud83d\\ude00'],
  ['\\ud800x', 7, '\\\\ud800\\u2026'],
  ['', 0, ''],
] as const)
  test(`${JSON.stringify(text)} within ${limit} is ${expected}`, () =>
    assert.equal(escapeJson(text, limit), expected))
