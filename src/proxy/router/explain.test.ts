import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { requestHead } from '../../../test/support/head.ts'
import { entry, listener } from '../../../test/support/routes.ts'
import type { Listener } from '../../snapshot/snapshot.ts'
import { explainRoute } from './explain.ts'
import { compileRouter } from './router.ts'

const table = [
  listener('', { '': [entry('/')] }, 'any'),
  listener(
    '*.example',
    {
      'a.example': [
        entry({ path: '=/items', method: 'PUT' }, 'put'),
        entry({ path: '/items', headers: ['version=v2'], query: ['color~red|blue'] }, 'v2'),
        entry('/items', 'items'),
        entry('/', 'rest'),
      ],
      'b.example': [entry('/', 'b')],
      '*.example': [entry('~/[a-z]+', 'word'), entry('/other', 'other')],
    },
    'wild',
  ),
  listener('c.example', {}, 'c'),
]

test('every entry says why', () => {
  const request = { authority: 'a.example', path: '/items', fields: ['Version', 'v3'] }
  const { entries, hit } = explainRoute(table, requestHead(request))
  assert.deepEqual(
    entries.map(
      ({ hostname, entry: { rule }, outcome, reason }) => `${hostname} ${rule.id}: ${outcome}, ${reason}`,
    ),
    [
      'a.example put: missed, method is GET, not PUT',
      'a.example v2: missed, header version is "v3", not "v2"',
      'a.example items: hit, matches',
      'a.example rest: shadowed, matches, but items comes first',
      'b.example b: missed, hostname b.example does not take a.example',
      '*.example word: shadowed, matches, but items comes first',
      '*.example other: missed, path prefix /other does not take /items',
    ],
  )
  assert.equal(hit?.entry.rule.id, 'items')
})

for (const [request, id, reason] of [
  [{ path: '/items/1' }, 'put', 'path exactly /items does not take /items/1'],
  [{ path: '/items' }, 'v2', 'header version is missing'],
  [{ path: '/items', fields: ['version', 'v2'] }, 'v2', 'query parameter color is missing'],
  [
    { path: '/items', fields: ['version', 'v2'], query: '?color=green' },
    'v2',
    'query parameter color is "green", which red|blue does not match',
  ],
  [{ path: '/1' }, 'word', 'path expression /[a-z]+ does not take /1'],
] as const)
  test(`${id}: ${reason}`, () => {
    const { entries } = explainRoute(table, requestHead({ authority: 'a.example', ...request }))
    assert.equal(entries.find(one => one.entry.rule.id === id)?.reason, reason)
  })

test('every listener says why', () => {
  const reasons = (authority: string): string[] =>
    explainRoute(table, requestHead({ authority })).listeners.map(
      ({ listener: { name }, taken, reason }) => `${name} ${taken}: ${reason}`,
    )
  assert.deepEqual(reasons('a.example'), [
    'any false: any hostname takes a.example, but only one listener may have it: wild with *.example comes first',
    'wild true: *.example is the most specific hostname that takes a.example',
    'c false: c.example does not take a.example',
  ])
  assert.deepEqual(reasons(''), [
    'any true: any hostname is the most specific hostname that takes a request without Host',
    'wild false: *.example does not take a request without Host',
    'c false: c.example does not take a request without Host',
  ])
})

// Few names, so that random requests meet random tables.
const label = fc.constantFrom('a', 'b')
const name = fc.array(label, { minLength: 1, maxLength: 4 }).map(labels => labels.join('.'))
const hostname = fc.oneof(
  fc.constant(''),
  name,
  name.map(text => `*.${text}`),
)
const segment = fc.constantFrom('x', 'y', 'xy', '')
const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map(segments => `/${segments.join('/')}`)
const pattern = fc.oneof(
  { weight: 4, arbitrary: path.map(text => text.replace(/\/$/, '') || '/') },
  { weight: 2, arbitrary: path.map(text => `=${text}`) },
  { weight: 1, arbitrary: fc.constantFrom('~/x.*', '~/[xy]+', '~.*y', '~/x(/y)?') },
)
const pair = (separators: string[]) =>
  fc
    .tuple(fc.constantFrom('k', 'l'), fc.constantFrom(...separators), fc.constantFrom('1', '2', '3'))
    .map(parts => parts.join(''))
const some = <T>(one: fc.Arbitrary<T>) =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constant<T[]>([]) },
    { weight: 2, arbitrary: fc.array(one, { maxLength: 2 }) },
  )
const entries = fc
  .array(
    fc.record({
      path: pattern,
      method: fc.constantFrom('', '', 'GET', 'PUT'),
      headers: some(pair(['=', '~'])),
      query: some(pair(['=', '~'])),
    }),
    { maxLength: 40, size: 'max' },
  )
  .map(texts => texts.map((text, i) => entry(text, `rule ${i}`)))
const listeners: fc.Arbitrary<Listener[]> = fc.array(
  fc
    .tuple(hostname, fc.dictionary(hostname, entries, { maxKeys: 4, noNullPrototype: true }))
    .map(([host, hosts]) => listener(host, hosts)),
  { minLength: 1, maxLength: 4 },
)
const request = fc.record({
  authority: fc.oneof(
    { weight: 5, arbitrary: name },
    { weight: 1, arbitrary: fc.constantFrom('', '.a', 'a.', '*.a') },
  ),
  path: fc.oneof({ weight: 9, arbitrary: path }, { weight: 1, arbitrary: fc.constant('*') }),
  method: fc.constantFrom('GET', 'PUT'),
  fields: fc
    .array(fc.tuple(fc.constantFrom('K', 'k', 'L'), fc.constantFrom('1', '2')), { maxLength: 2 })
    .map(pairs => pairs.flat()),
  query: fc
    .array(pair(['=']), { maxLength: 2 })
    .map(pairs => (pairs.length === 0 ? '' : `?${pairs.join('&')}`)),
})

test('index and walk agree on random tables and requests', () => {
  let hits = 0
  let requests = 0
  fc.assert(
    fc.property(listeners, fc.array(request, { minLength: 10, maxLength: 20 }), (random, heads) => {
      const router = compileRouter(random, ({ id }) => id)
      for (const one of heads) {
        const head = requestHead(one)
        const { hit } = explainRoute(random, head)
        const found = router.route(head)
        assert.equal(found?.entry, hit?.entry)
        assert.equal(found?.hostname, hit?.hostname)
        assert.equal(found?.listener, hit?.listener)
        requests++
        if (hit !== null) hits++
      }
    }),
    { numRuns: 500 },
  )
  // A property over misses alone would show nothing.
  assert.ok(hits > requests / 10, `${hits} hits of ${requests} requests`)
})

test('index and walk agree where one path has many header and parameter names', () => {
  const names = (prefix: string) => fc.nat({ max: 39 }).map(i => `${prefix}${i}`)
  const asked = fc
    .tuple(names('h'), fc.constantFrom('=', '~'), fc.constantFrom('1', '2'))
    .map(parts => parts.join(''))
  const asks = fc.record({
    headers: fc.array(asked, { maxLength: 2 }),
    query: fc.array(
      names('q').map(text => `${text}=1`),
      { maxLength: 1 },
    ),
  })
  const sent = fc.record({
    fields: fc.array(fc.tuple(fc.oneof(names('h'), names('H')), fc.constantFrom('1', '2')), { maxLength: 8 }),
    query: names('q').map(text => `?${text}=1`),
  })
  let hits = 0
  fc.assert(
    fc.property(
      fc.array(asks, { minLength: 40, maxLength: 80 }),
      fc.array(sent, { minLength: 20, maxLength: 20 }),
      (texts, heads) => {
        const random = [
          listener('', { '': texts.map((text, i) => entry({ path: '/', ...text }, `rule ${i}`)) }),
        ]
        const router = compileRouter(random, ({ id }) => id)
        for (const { fields, query } of heads) {
          const head = requestHead({ fields: fields.flat(), query })
          const { hit } = explainRoute(random, head)
          assert.equal(router.route(head)?.entry, hit?.entry)
          if (hit !== null) hits++
        }
      },
    ),
    { numRuns: 100 },
  )
  assert.ok(hits > 100, `${hits} hits`)
})
