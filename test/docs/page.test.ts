import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { isAsShown } from './page.ts'

suite('what a page shows', () => {
  for (const [what, shown, actual, expected] of [
    ['is what is printed', 'a\nb\n', 'a\nb\n', true],
    ['is all of it', 'a\n', 'a\nb\n', false],
    ['is no pattern', 'a.c\n', 'abc\n', false],
    ['may leave out the rest of a line', 'Date: …\nb\n', 'Date: today\nb\n', true],
    ['may leave out a part of a line', 'a … d\n', 'a b c d\n', true],
    ['and no other line with it', 'Date: …\nb\n', 'Date: today\nx\nb\n', false],
    ['may leave out lines', 'a\n…\nd\n', 'a\nb\nc\nd\n', true],
    ['or none', 'a\n…\nd\n', 'a\nd\n', true],
    ['and nothing of the lines around them', 'a\n…\nd\n', 'a\nb\nxd\n', false],
    ['may leave out the end', 'a\n…\n', 'a\nb\nc\n', true],
  ] as const)
    test(what, () => assert.equal(isAsShown(shown, actual), expected))
})
