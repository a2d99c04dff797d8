import assert from 'node:assert/strict'
import { test } from 'node:test'
import { requestHead } from '../../../test/support/head.ts'
import { entry, listener, rule, type EntryText } from '../../../test/support/routes.ts'
import type { Rule } from '../../snapshot/rule.ts'
import type { Listener, RouteEntry } from '../../snapshot/snapshot.ts'
import { explainRoute } from './explain.ts'
import { compileRouter } from './router.ts'

type Request = Parameters<typeof requestHead>[0]

/** The id of the rule that the router finds; the walk must find the same. */
function route(listeners: readonly Listener[], request: Request): string | null {
  const head = requestHead(request)
  const hit = compileRouter(listeners, ({ id }) => id).route(head)
  assert.equal(explainRoute(listeners, head).hit?.entry, hit?.entry, 'index and walk differ')
  return hit?.rule ?? null
}

/** Entries that take nothing of what the tests ask for, to have the table indexed instead of listed. */
const filling = (prefix: string): RouteEntry[] =>
  Array.from({ length: 20 }, (_, i) => entry(`/${prefix}${i}`))

/** Each table is tried as it is and with so many others that an index is made. */
const sizes = [
  ['listed', (entries: readonly RouteEntry[]) => entries],
  ['indexed', (entries: readonly RouteEntry[]) => [...filling('before'), ...entries, ...filling('after')]],
] as const

const paths: readonly [string, string, boolean][] = [
  ['=/foo', '/foo', true],
  ['=/foo', '/foo/', false],
  ['=/foo', '/foo/bar', false],
  ['=/foo', '/FOO', false],
  ['=/', '/', true],
  ['=/', '/a', false],
  ['/foo', '/foo', true],
  ['/foo', '/foo/', true],
  ['/foo', '/foo/bar', true],
  ['/foo', '/foobar', false],
  ['/foo', '/', false],
  ['/foo', '/fo', false],
  ['/foo', '/a/foo', false],
  ['/foo/bar', '/foo/bar/x', true],
  ['/foo/bar', '/foo', false],
  ['/foo/', '/foo//bar', true],
  ['/foo/', '/foo/bar', false],
  ['/foo', '/foo%2Fbar', false],
  ['/', '/', true],
  ['/', '/anything', true],
  ['/', '*', true],
  ['/foo', '*', false],
  ['~/a[0-9]+', '/a12', true],
  ['~/a[0-9]+', '/a12/b', false],
  ['~/a[0-9]+', '/x/a12', false],
  ['~/a|/b', '/b', true],
  ['~/a|/b', '/a/x', false],
]

for (const [size, among] of sizes)
  for (const [pattern, path, expected] of paths)
    test(`${size}: ${pattern} ${expected ? 'takes' : 'leaves'} ${path}`, () => {
      const found = route([listener('', { '': among([entry(pattern, 'it')]) })], { path })
      assert.equal(found, expected ? 'it' : null)
    })

const conditions: readonly [EntryText, Request, boolean][] = [
  [{ method: 'GET' }, { method: 'GET' }, true],
  [{ method: 'GET' }, { method: 'POST' }, false],
  [{ headers: ['version=v2'] }, { fields: ['Version', 'v2'] }, true],
  [{ headers: ['version=v2'] }, { fields: ['Version', 'V2'] }, false],
  [{ headers: ['version=v2'] }, {}, false],
  [{ headers: ['version=a, b'] }, { fields: ['version', 'a', 'Version', 'b'] }, true],
  [{ headers: ['version=v2', 'color=red'] }, { fields: ['version', 'v2'] }, false],
  [{ headers: ['version=v2', 'version=v3'] }, { fields: ['version', 'v2'] }, true],
  [{ headers: ['version~v[0-9]'] }, { fields: ['version', 'v2'] }, true],
  [{ headers: ['version~v[0-9]'] }, { fields: ['version', 'xv2'] }, false],
  [{ headers: ['version~.*'] }, {}, false],
  [{ headers: ['host=example.com:81'] }, { authority: 'example.com:81' }, true],
  [{ query: ['animal=whale'] }, { query: '?animal=whale' }, true],
  [{ query: ['animal=whale'] }, { query: '?animal=dolphin&animal=whale' }, false],
  [{ query: ['animal=whale'] }, { query: '?Animal=whale' }, false],
  [{ query: ['animal=whale', 'color=blue'] }, { query: '?color=blue&animal=whale' }, true],
  [{ query: ['animal=whale', 'color=blue'] }, { query: '?animal=whale' }, false],
  [{ query: ['animal~whale|dolphin'] }, { query: '?animal=dolphin' }, true],
  [{ query: ['animal=a b'] }, { query: '?animal=a%20b' }, true],
  [
    { method: 'PUT', headers: ['a=1'], query: ['b=2'] },
    { method: 'PUT', fields: ['A', '1'], query: '?b=2' },
    true,
  ],
  [
    { method: 'PUT', headers: ['a=1'], query: ['b=2'] },
    { method: 'PUT', fields: ['A', '1'], query: '?b=3' },
    false,
  ],
]

for (const [size, among] of sizes)
  for (const [text, request, expected] of conditions)
    test(`${size}: ${JSON.stringify(text)} ${expected ? 'takes' : 'leaves'} ${JSON.stringify(request)}`, () => {
      const found = route([listener('', { '': among([entry(text, 'it')]) })], request)
      assert.equal(found, expected ? 'it' : null)
    })

for (const [size, among] of sizes)
  test(`${size}: the first in precedence wins, whichever index finds it`, () => {
    const table = (...entries: RouteEntry[]): Listener[] => [listener('', { '': among(entries) })]
    for (const [patterns, path, expected] of [
      [['=/a/b', '/a/b', '/a', '/'], '/a/b', '=/a/b'],
      [['=/a/b', '/a/b', '/a', '/'], '/a/b/c', '/a/b'],
      [['=/a/b', '/a/b', '/a', '/'], '/a', '/a'],
      [['=/a/b', '/a/b', '/a', '/'], '/x', '/'],
      // Not what translation writes, but what it writes is what counts.
      [['/', '/a', '=/a'], '/a', '/'],
      [['~/a.*', '/a'], '/a', '~/a.*'],
      [['/a', '~/a.*'], '/a', '/a'],
      [['~/b.*', '/a', '~/a.*'], '/ab', '~/a.*'],
    ] as const)
      assert.equal(
        route(table(...patterns.map(pattern => entry(pattern))), { path }),
        expected,
        patterns.join(' '),
      )
  })

test('a miss by conditions goes on with shorter prefixes', () => {
  const entries = [...filling('x'), entry({ path: '/a/b', method: 'PUT' }, 'put'), entry('/a', 'short')]
  assert.equal(route([listener('', { '': entries })], { path: '/a/b/c' }), 'short')
})

const gateway = [
  listener('', { '': [entry('/', 'any')], 'only.any': [entry('/', 'under any')] }),
  listener('*.example.com', {
    '*.example.com': [entry('/wild', 'wild')],
    'b.example.com': [entry('/b', 'b')],
  }),
  listener('a.example.com', { 'a.example.com': [entry('/a', 'a')] }),
  listener('*.deep.example.com', {
    '*.deep.example.com': [entry('/deep', 'deep')],
    '*.very.deep.example.com': [entry('/very', 'very')],
  }),
]

for (const [authority, path, expected] of [
  ['other.org', '/', 'any'],
  ['', '/', 'any'],
  ['example.com', '/', 'any'],
  ['a.example.com', '/a', 'a'],
  ['A.Example.Com:8080', '/a', 'a'],
  // Listener isolation: the other listeners would take it, but they are not asked.
  ['a.example.com', '/wild', null],
  ['b.example.com', '/b', 'b'],
  ['b.example.com', '/wild', 'wild'],
  ['b.example.com', '/', null],
  ['x.y.example.com', '/wild', 'wild'],
  ['x.a.example.com', '/wild', 'wild'],
  ['deep.example.com', '/wild', 'wild'],
  ['x.deep.example.com', '/deep', 'deep'],
  ['x.deep.example.com', '/wild', null],
  ['x.very.deep.example.com', '/very', 'very'],
  ['x.very.deep.example.com', '/deep', 'deep'],
  ['only.any', '/', 'under any'],
  ['xexample.com', '/', 'any'],
  ['.example.com', '/', 'any'],
] as const)
  test(`${authority}${path} goes to ${expected ?? 'no route'}`, () => {
    assert.equal(route(gateway, { authority, path }), expected)
  })

test('no listener takes the host: no route', () => {
  assert.equal(
    route([listener('a.example', { 'a.example': [entry('/')] })], { authority: 'b.example' }),
    null,
  )
  assert.equal(route([], {}), null)
  assert.equal(route([listener('', {})], {}), null)
})

test('of two listeners with the same hostname the first serves', () => {
  const two = ['first', 'second'].map(id => listener('', { '': [entry('/', id)] }, id))
  assert.equal(route(two, {}), 'first')
})

test('many on one path are found by what they differ in', () => {
  const tenants = Array.from({ length: 300 }, (_, i) =>
    entry({ path: '/', headers: [`tenant=t${i}`] }, `tenant ${i}`),
  )
  const versions = Array.from({ length: 300 }, (_, i) =>
    entry({ path: '/', query: [`v=${i}`] }, `version ${i}`),
  )
  const odd = entry({ path: '/', method: 'DELETE', headers: ['tenant~t1.*'] }, 'odd')
  const all = [listener('', { '': [...tenants, odd, ...versions, entry('/', 'rest')] })]
  for (const [request, expected] of [
    [{ fields: ['Tenant', 't299'] }, 'tenant 299'],
    [{ fields: ['Tenant', 't0'], query: '?v=7' }, 'tenant 0'],
    [{ fields: ['Tenant', 't300'], query: '?v=7' }, 'version 7'],
    [{ fields: ['Tenant', 't1000'], method: 'DELETE', query: '?v=7' }, 'odd'],
    [{ query: '?v=%37' }, 'version 7'],
    [{}, 'rest'],
  ] as const)
    assert.equal(route(all, request), expected)
})

test('many on one path with as many header names are found by the fields of the request', () => {
  const names = Array.from({ length: 300 }, (_, i) =>
    entry({ path: '/', headers: [`x-${i}=1`] }, `name ${i}`),
  )
  const host = entry({ path: '/', headers: ['host=tenant.example'] }, 'host')
  const both = entry({ path: '/', headers: ['x-1=2', 'x-2=2'] }, 'both')
  const all = [listener('', { '': [host, both, ...names, entry('/', 'rest')] })]
  for (const [request, expected] of [
    [{ fields: ['X-299', '1'] }, 'name 299'],
    [{ fields: ['X-299', '1', 'x-7', '1'] }, 'name 7'],
    [{ fields: ['x-7', '2', 'X-7', '1', 'X-8', '1'] }, 'name 8'],
    [{ fields: ['x-2', '2', 'x-1', '2'] }, 'both'],
    [{ fields: ['x-1', '1'], authority: 'tenant.example' }, 'host'],
    [{ fields: ['host', 'tenant.example'] }, 'rest'],
  ] as const)
    assert.equal(route(all, request), expected)
})

test('what is too long for an expression does not match it', () => {
  const all = [listener('', { '': [entry('~/a*')] })]
  assert.equal(route(all, { path: `/${'a'.repeat(16_383)}` }), '~/a*')
  assert.equal(route(all, { path: `/${'a'.repeat(16_384)}` }), null)
})

test('a rule is compiled once, however many entries share it', () => {
  const shared = rule('shared')
  const entries = ['/a', '/b'].map((path): RouteEntry => ({ ...entry(path), rule: shared }))
  const compiled: Rule[] = []
  const router = compileRouter([listener('', { '': entries, 'a.example': entries })], one => {
    compiled.push(one)
    return one.id
  })
  assert.deepEqual(compiled, [shared])
  assert.equal(router.route(requestHead({ path: '/b' }))?.rule, 'shared')
})

test('a hit names listener, hostname and entry, and is the same object each time', () => {
  const only = entry('/a')
  const router = compileRouter(
    [listener('*.example', { '*.example': [only] }, 'gateway/http')],
    ({ id }) => id,
  )
  const head = requestHead({ authority: 'x.example', path: '/a/b' })
  const hit = router.route(head)
  assert.deepEqual(hit, { listener: 'gateway/http', hostname: '*.example', entry: only, rule: '/a' })
  assert.equal(router.route(head), hit)
})
