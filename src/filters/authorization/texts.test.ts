import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { globMatches, textSet } from './texts.ts'

for (const [patterns, text, has] of [
  [['jwt:a#b'], 'jwt:a#b', true],
  [['jwt:a#b'], 'jwt:a#bc', false],
  [['jwt:a#*'], 'jwt:a#b', true],
  [['jwt:a#*'], 'jwt:b#a', false],
  [['*'], 'anything', true],
  [['a*b'], 'a*b', true],
  [['a*b'], 'axb', false],
  [[], '', false],
] as const)
  test(`${JSON.stringify(patterns)} ${has ? 'has' : 'has not'} ${text}`, () => {
    assert.equal(textSet(patterns)(text), has)
  })

for (const [pattern, text, matches] of [
  ['', '', true],
  ['', 'a', false],
  ['*', '', true],
  ['a*c', 'abc', true],
  ['a*c', 'ac', true],
  ['a*c', 'acd', false],
  ['*.example.com', 'a.example.com', true],
  ['*.example.com', 'example.com', false],
  ['a?c', 'abc', false],
  ['a.c', 'abc', false],
  ['*a*b', 'xaybzb', true],
  ['[a]', 'a', false],
] as const)
  test(`${pattern} ${matches ? 'takes' : 'leaves'} ${JSON.stringify(text)}`, () => {
    assert.equal(globMatches(pattern, text), matches)
  })

test('a pattern means what a regular expression of it does', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '.'), maxLength: 12 })
  fc.assert(
    fc.property(text, text, (pattern, value) => {
      const source = pattern.replace(/[.?]/g, '\\$&').replaceAll('*', '[^]*')
      assert.equal(globMatches(pattern, value), new RegExp(`^${source}$`).test(value))
    }),
  )
})

test('a pattern that ruins regular expressions is judged at once', () => {
  assert.equal(globMatches('*a'.repeat(200) + 'b', 'a'.repeat(16_000)), false)
})
