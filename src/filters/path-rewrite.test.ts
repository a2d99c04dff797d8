import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compilePathRewrite } from './path-rewrite.ts'

// The first eleven rows are the table of Gateway API's HTTPPathModifier.
for (const [path, prefix, value, expected] of [
  ['/foo/bar', '/foo', '/xyz', '/xyz/bar'],
  ['/foo/bar', '/foo', '/xyz/', '/xyz/bar'],
  ['/foo/bar', '/foo/', '/xyz', '/xyz/bar'],
  ['/foo/bar', '/foo/', '/xyz/', '/xyz/bar'],
  ['/foo', '/foo', '/xyz', '/xyz'],
  ['/foo/', '/foo', '/xyz', '/xyz/'],
  ['/foo/bar', '/foo', '', '/bar'],
  ['/foo/', '/foo', '', '/'],
  ['/foo', '/foo', '', '/'],
  ['/foo/', '/foo', '/', '/'],
  ['/foo', '/foo', '/', '/'],
  ['/foo//bar', '/foo', '/xyz', '/xyz//bar'],
  ['/bar', '', '/xyz', '/xyz/bar'],
  ['/', '', '/xyz', '/xyz/'],
  ['/', '/', '', '/'],
  ['/foobar', '/foo', '/xyz', '/foobar'],
  ['/other', '/foo', '/xyz', '/other'],
  ['/foo%2Fbar', '/foo', '/xyz', '/foo%2Fbar'],
  ['/foo/bar', '/foo', 'xyz', '/xyz/bar'],
  ['*', '/foo', '/xyz', '*'],
  ['*', '', '/xyz', '*'],
] as const)
  test(`prefix "${prefix}" replaced by "${value}" in ${path} gives ${expected}`, () => {
    assert.equal(compilePathRewrite({ type: 'prefix', prefix, value })(path), expected)
  })

for (const [path, value, expected] of [
  ['/foo/bar', '/one', '/one'],
  ['/', '/one/', '/one/'],
  ['/foo', 'one', '/one'],
  ['/foo', '', '/'],
  ['*', '/one', '*'],
] as const)
  test(`${path} replaced by "${value}" gives ${expected}`, () => {
    assert.equal(compilePathRewrite({ type: 'full', value })(path), expected)
  })
