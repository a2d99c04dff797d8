import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compileGlob, textSet } from './texts.ts'

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
    assert.equal(compileGlob(pattern)(text), matches)
  })

test('a pattern means what a regular expression of it does', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '.'), maxLength: 12 })
  fc.assert(
    fc.property(text, text, (pattern, value) => {
      const source = pattern.replace(/[.?]/g, '\\$&').replaceAll('*', '[^]*')
      assert.equal(compileGlob(pattern)(value), new RegExp(`^${source}$`).test(value))
    }),
  )
})

test('so it does where its parts are long, and like each other', () => {
  const few = (maxLength: number) => fc.string({ unit: fc.constantFrom('a', 'a', 'a', 'b'), maxLength })
  const parts = fc.array(few(14), { minLength: 2, maxLength: 4 })
  fc.assert(
    fc.property(parts, few(3), few(30), (all, between, other) => {
      const pattern = all.join('*')
      const regular = new RegExp(`^${pattern.replaceAll('*', '[^]*')}$`)
      for (const text of [all.join(between), other])
        assert.equal(compileGlob(pattern)(text), regular.test(text))
    }),
  )
})

test('no pattern and no text make it read a text more than once', () => {
  // As many as a rule may have: with a step for each pair of characters this is half a minute.
  for (const pattern of ['*a'.repeat(500) + 'b', `*${'a'.repeat(1_021)}b*`, `${'*aaaaaaaaab'.repeat(90)}*`]) {
    const matches = compileGlob(pattern)
    for (let i = 0; i < 64 * 16; i++) assert.equal(matches('a'.repeat(16_000)), false)
  }
})
