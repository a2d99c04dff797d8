import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  authorityPort,
  canonicalPath,
  parseAuthority,
  normalAuthority,
  parseTarget,
  plainPathEnd,
  queryEnd,
  writtenPaths,
} from './target.ts'
import type { PathSettings } from './target.ts'

const keep: PathSettings = writtenPaths

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
    '%5C',
    '%5c',
    '|',
    '^',
  )
  const raw = fc.array(piece, { maxLength: 12 }).map(pieces => `/${pieces.join('')}`)
  for (const encodedSlash of ['keep', 'unescape'] as const)
    for (const emptySegments of ['keep', 'merge'] as const) {
      const settings = { encodedSlash, emptySegments, illegalCharacters: 'encode' } as const
      const all = fc.property(raw, path => {
        const once = canonicalPath(path, settings)
        if (typeof once !== 'string') return
        assert.equal(canonicalPath(once, settings), once, 'is its own canonical form')
        assert.ok(!/\/\.\.?(\/|$)/.test(once), 'has no dot segment')
        assert.ok(!/%(?![0-9A-F]{2})|%(41|61|2E|7E|2D|5F|00)/.test(once), 'has no needless encoding')
        assert.match(once, /^[\w.~!$&'()*+,;=:@%/-]+$/, 'is a path by RFC 3986')
        for (const segment of once.split(/\/|%2F|%5C/))
          assert.ok(segment !== '.' && segment !== '..', 'has no dot segment for who decodes first')
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

describe('queries are sent on', () => {
  const legal = /^\?(?:[\w.~!$&'()*+,;=:@/?[\]-]|%[0-9A-Fa-f]{2})*$/
  const character = fc.oneof(
    fc.integer({ min: 33, max: 126 }).map(c => String.fromCharCode(c)),
    fc.constantFrom('%41', '%7c', '%', '%2', '|', '[', '%0'),
  )
  const query = fc.array(character, { maxLength: 12 }).map(parts => `?${parts.join('')}`)
  const read = (raw: string, illegalCharacters: PathSettings['illegalCharacters']) => {
    const result = parseTarget(`/${raw}`, 'GET', 'http', { ...keep, illegalCharacters })
    return 'rule' in result ? null : result.query
  }

  test('as they came where they are legal, whatever the setting', () => {
    fc.assert(
      fc.property(query, raw => {
        fc.pre(legal.test(raw) && !raw.includes('%00'))
        for (const illegal of ['encode', 'keep', 'reject'] as const) assert.equal(read(raw, illegal), raw)
      }),
      { numRuns: 1000 },
    )
  })

  test('legal, and meaning the same, where they came from a browser', () => {
    const decoded = (text: string) =>
      text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
    let taken = 0
    fc.assert(
      fc.property(query, raw => {
        const sent = read(raw, 'encode')
        assert.equal(read(raw, 'keep'), sent === null ? null : raw)
        assert.equal(read(raw, 'reject'), legal.test(raw) && sent !== null ? raw : null)
        if (sent === null) return
        taken++
        assert.match(sent, legal)
        assert.equal(decoded(sent), decoded(raw))
        assert.equal(read(sent, 'encode'), sent)
      }),
      { numRuns: 5000 },
    )
    assert.ok(taken > 500)
  })

  test('whatever the serializer of WHATWG leaves in a target is taken', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 8 }),
        fc.string({ unit: 'binary', maxLength: 8 }),
        (path, search) => {
          const url = new URL('http://a.example/')
          url.pathname = path.replaceAll(/[\\%]/g, '')
          url.search = search.replaceAll('%00', '')
          const result = parseTarget(url.pathname + url.search, 'GET', 'http', keep)
          assert.ok(
            !('rule' in result) || result.rule === 'target-nul',
            `${url.href} ${JSON.stringify(result)}`,
          )
        },
      ),
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
  ['a.example:', 'a.example', 80],
  ['[::1]:', '[::1]', 80],
  [':', null, 0],
  ['a::', null, 0],
  ['ä', null, 0],
  ['a\r\nb', null, 0],
] as const)
  test(`authority ${JSON.stringify(text.slice(0, 30))}`, () => {
    assert.equal(parseAuthority(text), hostname)
    if (hostname === null) return
    assert.equal(authorityPort(text, 80), port)
    assert.equal(authorityPort(normalAuthority(text), 80), port)
    assert.ok(!normalAuthority(text).endsWith(':'))
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
