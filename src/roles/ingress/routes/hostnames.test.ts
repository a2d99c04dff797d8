import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { bySpecificity, covers, intersect, onListener } from './hostnames.ts'

for (const [a, b, expected] of [
  ['', '', ''],
  ['', 'a.example', 'a.example'],
  ['', '*.example', '*.example'],
  ['a.example', 'a.example', 'a.example'],
  ['a.example', 'b.example', null],
  ['*.example', 'a.example', 'a.example'],
  ['*.example', 'b.a.example', 'b.a.example'],
  ['*.example', 'example', null],
  ['*.example', '*.example', '*.example'],
  ['*.example', '*.a.example', '*.a.example'],
  ['*.a.example', 'a.example', null],
  ['*.a.example', '*.b.example', null],
  ['*.example', 'badexample', null],
  ['*.example', '*.badexample', null],
  ['*.example.com', 'test.example.net', null],
  // From the standard (HTTPRouteSpec.hostnames).
  ['test.example.com', '*.example.com', 'test.example.com'],
  ['*.example.com', 'foo.test.example.com', 'foo.test.example.com'],
] as const)
  test(`${a || '(any)'} and ${b || '(any)'} have ${expected === null ? 'nothing' : expected || '(any)'} in common`, () => {
    assert.equal(intersect(a, b), expected)
  })

for (const [listener, route, expected] of [
  ['a.example', [], ['a.example']],
  ['', [], ['']],
  ['*.example', ['a.example', 'other.test'], ['a.example']],
  ['a.example', ['*.example', 'a.example'], ['a.example']],
  ['a.example', ['b.example'], []],
  ['', ['b.example', '*.c.example'], ['b.example', '*.c.example']],
] as const)
  test(`of ${JSON.stringify(route)} a listener for ${listener || '(any)'} leaves ${JSON.stringify(expected)}`, () => {
    assert.deepEqual([...onListener(listener, route).keys()], expected)
  })

for (const [listener, route, own] of [
  ['a.example', ['*.example'], '*.example'],
  ['a.example', ['*.example', 'a.example'], 'a.example'],
  ['a.b.example', ['*.example', '*.b.example'], '*.b.example'],
  ['a.b.example', ['*.b.example', '*.example'], '*.b.example'],
  ['a.example', [], ''],
] as const)
  test(`what ${listener} leaves of ${JSON.stringify(route)} comes of ${own || 'none of its own'}`, () => {
    assert.deepEqual([...onListener(listener, route)], [[listener, own]])
  })

test('the most specific hostname comes first', () => {
  const sorted = [
    'a.long.example.com',
    'z.example.com',
    'b.io',
    '*.foo.example.com',
    '*.example.com',
    '*.io',
    '',
  ]
  assert.deepEqual(sorted.toReversed().sort(bySpecificity), sorted)
})

const label = fc.constantFrom('a', 'b', 'example', 'ab')
const name = fc.array(label, { minLength: 1, maxLength: 4 }).map(labels => labels.join('.'))
const hostname = fc.oneof(
  fc.constant(''),
  name,
  name.map(n => `*.${n}`),
)

/** What the standard says a hostname takes, said in another way than in the code. */
function takes(pattern: string, host: string): boolean {
  if (pattern === '') return true
  return pattern.startsWith('*.')
    ? new RegExp(`^.+\\.${pattern.slice(2).replaceAll('.', '\\.')}$`).test(host)
    : pattern === host
}

test('the intersection takes exactly what both take', () => {
  fc.assert(
    fc.property(hostname, hostname, name, (a, b, host) => {
      const common = intersect(a, b)
      assert.equal(common !== null && takes(common, host), takes(a, host) && takes(b, host))
    }),
    { numRuns: 2000 },
  )
})

test('intersection is commutative, associative and idempotent', () => {
  const both = (a: string | null, b: string | null): string | null =>
    a === null || b === null ? null : intersect(a, b)
  fc.assert(
    fc.property(hostname, hostname, hostname, (a, b, c) => {
      assert.equal(intersect(a, b), intersect(b, a))
      assert.equal(both(both(a, b), c), both(a, both(b, c)))
      assert.equal(intersect(a, a), a)
    }),
  )
})

test('a hostname that covers another one is never the more specific', () => {
  fc.assert(
    fc.property(hostname, hostname, (a, b) => {
      if (a !== b && covers(a, b)) assert.ok(bySpecificity(b, a) < 0)
    }),
  )
})
