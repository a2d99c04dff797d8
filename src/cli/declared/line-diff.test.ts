import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { changedLines, diffLines } from './line-diff.ts'

const shown = (before: string, after: string): string =>
  diffLines(before.split(''), after.split(''))
    .map(({ mark, text }) => `${mark.trim()}${text}`)
    .join(' ')

suite('what differs', () => {
  for (const [before, after, expected] of [
    ['', '', ''],
    ['abc', 'abc', 'a b c'],
    ['', 'ab', '+a +b'],
    ['ab', '', '-a -b'],
    ['abc', 'axc', 'a -b +x c'],
    ['abcabba', 'cbabac', '-a -b c +b a b -b a +c'],
  ] as const)
    test(`"${before}" and "${after}"`, () => assert.equal(shown(before, after), expected))
})

test('either side can be read out of it', () => {
  const text = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 40 })
  fc.assert(
    fc.property(text, text, (before, after) => {
      const lines = diffLines(before, after)
      const side = (other: string) => lines.filter(({ mark }) => mark !== other).map(one => one.text)
      assert.deepEqual(side('+'), before)
      assert.deepEqual(side('-'), after)
    }),
  )
})

test('texts that have nothing in common are one after the other', () => {
  const many = (word: string) => Array.from({ length: 3_000 }, (_, i) => `${word}${i}`)
  const lines = diffLines(many('a'), many('b'))
  assert.deepEqual([lines.length, lines[0]?.mark, lines.at(-1)?.mark], [6_000, '-', '+'])
})

test('of what is far from any change, there is a mark', () => {
  const lines = diffLines('abcdefgh'.split(''), 'abcdXfgh'.split(''))
  assert.deepEqual(
    changedLines(lines, 1).map(line => (line === null ? '…' : line.mark + line.text)),
    ['…', ' d', '-e', '+X', ' f', '…'],
  )
})
