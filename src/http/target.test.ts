import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  authorityPort,
  canonicalPath,
  parseAuthority,
  parseTarget,
  plainPathEnd,
  queryEnd,
} from './target.ts'
import type { PathSettings } from './target.ts'

const keep: PathSettings = { encodedSlash: 'keep', emptySegments: 'keep' }

const rule = (result: unknown): unknown =>
  typeof result === 'object' && result !== null && 'rule' in result ? result.rule : result

for (const [raw, expected] of [
  ['/a/b/c/./../../g', '/a/g'], // RFC 3986 §5.2.4
  ['/mid/content=5/../6', '/mid/6'],
  ['/%61%2D%5f%7E.', '/a-_~.'],
  ['/a%c3%a4', '/a%C3%A4'],
  ['/..%2e', '/...'],
  ['x', 'target-form'],
  ['', 'target-form'],
  ['/a b', 'target-character'],
  ['/ā', 'target-character'],
  ['/%', 'target-encoding'],
  ['/%4', 'target-encoding'],
] as const)
  test(`canonical path of ${raw} is ${expected}`, () =>
    assert.equal(rule(canonicalPath(raw, keep)), expected))

describe('properties of canonical paths', () => {
  const piece = fc.constantFrom(
    '/',
    '.',
    '..',
    'a',
    '%2e',
    '%2F',
    '%41',
    '%e4',
    '%25',
    '[',
    ';',
    '//',
    '/.',
    '%5B',
    '~',
    '%20',
  )
  const raw = fc.array(piece, { maxLength: 12 }).map(pieces => `/${pieces.join('')}`)
  for (const encodedSlash of ['keep', 'unescape'] as const)
    for (const emptySegments of ['keep', 'merge'] as const) {
      const settings = { encodedSlash, emptySegments }
      const all = fc.property(raw, path => {
        const once = canonicalPath(path, settings)
        if (typeof once !== 'string') return
        assert.equal(canonicalPath(once, settings), once, 'is its own canonical form')
        assert.ok(!/\/\.\.?(\/|$)/.test(once), 'has no dot segment')
        assert.ok(!/%(?![0-9A-F]{2})|%(41|61|2E|7E|2D|5F|00|5C)/.test(once), 'has no needless encoding')
        if (emptySegments === 'merge') assert.ok(!once.includes('//'))
        if (encodedSlash === 'unescape') assert.ok(!once.includes('%2F'))
      })
      test(JSON.stringify(settings), () => fc.assert(all, { numRuns: 3000 }))
    }

  test('the fast path stops exactly where canonicalising would change something', () => {
    fc.assert(
      fc.property(raw, path => {
        const plain = plainPathEnd(`${path} `, 0) === path.length
        const canonical = canonicalPath(path, keep)
        if (plain) assert.equal(canonical, path)
      }),
      { numRuns: 3000 },
    )
  })
})

for (const [text, end] of [
  ['?a=b&c ', 6],
  ['?% ', 1],
  ['?%4 ', 1],
  ['?%41 ', 4],
  ['?%00 ', 1],
  ['?a#b ', 2],
  ['?a\\ ', 2],
  ['?{ ', 1],
  ['? ', 1],
] as const)
  test(`query of ${text} ends at ${end}`, () => assert.equal(queryEnd(text, 1), end))

for (const [text, hostname, port] of [
  ['a.example', 'a.example', 80],
  ['A.EXAMPLE:8080', 'a.example', 8080],
  ['a.example.:1', 'a.example', 1],
  ['[::1]', '[::1]', 80],
  ['[FE80::A]:0', '[fe80::a]', 0],
  [`${'a'.repeat(255)}`, 'a'.repeat(255), 80],
  [`${'a'.repeat(256)}`, null, 0],
  ['', null, 0],
  ['.', null, 0],
  ['a@b', null, 0],
  ['a:65536', null, 0],
  ['[1.2.3.4]', null, 0],
  ['[::1]]', null, 0],
  ['ä', null, 0],
  ['a\r\nb', null, 0],
] as const)
  test(`authority ${JSON.stringify(text.slice(0, 30))}`, () => {
    assert.equal(parseAuthority(text), hostname)
    if (hostname !== null) assert.equal(authorityPort(text, 80), port)
  })

test('absolute-form follows the scheme of the connection', () => {
  assert.deepEqual(parseTarget('https://a:443/x?y', 'GET', 'https', keep), {
    path: '/x',
    query: '?y',
    authority: 'a:443',
    hostname: 'a',
  })
  assert.equal(rule(parseTarget('http://a/', 'GET', 'https', keep)), 'target-scheme')
})
