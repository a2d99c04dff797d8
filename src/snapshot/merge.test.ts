import type { RoleName } from '../model/kind.ts'
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { clusterOf } from '../../test/support/cluster.ts'
import { kinds } from '../../test/support/declared.ts'
import { origin } from '../../test/support/exchange.ts'
import { translate } from '../../test/support/translate.ts'
import { contentOf, resultOf } from '../model/loaded.ts'
import { settle } from '../model/last-good.ts'
import type { Attachment, Contribution, AttachPoint } from './contribution.ts'
import { merge, type Translation } from './merge.ts'
import type { Origin } from './origin.ts'
import type { FilterConfig, Rule } from './rule.ts'

// What ingress makes of this stands beside what a second role contributes.
const yaml = `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: web }
spec:
  gatewayClassName: portcullis
  listeners:
    - { name: http, protocol: HTTP, port: 80 }
    - { name: raw, protocol: TLS, port: 443, tls: { mode: Passthrough } }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: shop }
spec:
  parentRefs: [{ name: web, sectionName: http }]
  rules:
    - name: items
      matches: [{ path: { value: /items } }]
      backendRefs: [{ name: items, port: 80 }]
    - matches: [{ path: { value: /carts } }]
      backendRefs: [{ name: carts, port: 80, weight: 1 }, { name: items, port: 80, weight: 1 }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: blog }
spec:
  parentRefs: [{ name: web, sectionName: http }]
  rules: [{ matches: [{ path: { value: /blog } }], backendRefs: [{ name: items, port: 80 }] }]
---
apiVersion: gateway.networking.k8s.io/v1alpha2
kind: TLSRoute
metadata: { name: bytes }
spec:
  parentRefs: [{ name: web, sectionName: raw }]
  hostnames: [raw.example]
  rules: [{ backendRefs: [{ name: items, port: 80 }] }]
---
apiVersion: v1
kind: Service
metadata: { name: items }
spec: { ports: [{ port: 80 }] }
---
apiVersion: v1
kind: Service
metadata: { name: carts }
spec: { ports: [{ port: 80 }] }
`

const ingress = ((): Contribution => {
  const { resources, problems } = resultOf(settle([contentOf('web.yaml', yaml, kinds)], [], () => ''))
  assert.deepEqual(problems, [])
  const { parts, ...rest } = translate(resources)
  return { ...parts, ...rest, problems: [] }
})()

const policy: Origin = {
  ...origin,
  resource: 'KeyPolicy/default/keys',
  group: 'portcullis.dev',
  role: 'management',
  file: 'keys.yaml',
  line: 4,
  column: 3,
}
const filter = (name: string): FilterConfig & Record<'set' | 'add' | 'remove', unknown> => ({
  type: 'response-headers',
  origin: policy,
  set: [{ name, value: 'x' }],
  add: [],
  remove: [],
})

function withSecond(second: Partial<Contribution>): Translation {
  const role = (name: RoleName, one: Contribution) => ({ ...one, role: name })
  return merge([role('ingress', ingress), role('management', { conditions: [], ...second })])
}

/** Which parts have the filter, by name; `(closed)` where nothing is served. */
function marked({ parts }: Translation): string[] {
  const has = (filters: readonly FilterConfig[] = []): boolean => filters.some(one => one.origin === policy)
  const out = new Set<string>()
  for (const { name, filters, hosts, streams = [] } of parts.ports.flatMap(({ listeners }) => listeners)) {
    if (has(filters)) out.add(name)
    for (const { rule } of streams)
      if (rule.backends.every(({ closed }) => closed)) out.add(`${rule.id} (closed)`)
    for (const { rule } of hosts.flatMap(({ entries }) => entries))
      for (const mark of marksOf(rule)) out.add(mark)
  }
  return [...out].sort()

  function marksOf({ id, filters, action }: Rule): string[] {
    if (action.type !== 'forward')
      return action.type === 'respond' && action.failure === 'protection_missing' ? [`${id} (closed)`] : []
    return [
      ...(has(filters) ? [id] : []),
      ...action.backends.flatMap(({ cluster, closed, filters: own }) => [
        ...(closed ? [`${id} to a closed backend`] : []),
        ...(has(own) ? [`${id} to ${String(cluster)}`] : []),
      ]),
    ]
  }
}

const shop = 'httproute/default/shop'
const blog = 'httproute/default/blog/0'
const items = 'Service/default/items:80'

suite('a filter stands', () => {
  const rows: readonly [at: AttachPoint, where: readonly string[]][] = [
    ['all', ['default/web/http']],
    [{ gateway: 'default/web' }, ['default/web/http']],
    [{ gateway: 'default/we' }, []],
    [{ listener: 'default/web/http' }, ['default/web/http']],
    [{ route: shop }, [`${shop}/1`, `${shop}/items`]],
    [{ rule: `${shop}/items` }, [`${shop}/items`]],
    [{ rule: `${shop}/none` }, []],
    [{ backend: items }, [`${blog} to ${items}`, `${shop}/1 to ${items}`, `${shop}/items to ${items}`]],
    [
      { backend: 'Service/default/items' },
      [`${blog} to ${items}`, `${shop}/1 to ${items}`, `${shop}/items to ${items}`],
    ],
    [{ backend: 'Service/default/items:81' }, []],
  ]
  for (const [at, where] of rows)
    test(`at ${JSON.stringify(at)}`, () => {
      assert.deepEqual(marked(withSecond({ attach: [{ at, filter: filter('a') }] })), where)
    })

  test('behind those that are there, in the order in which roles give them', () => {
    const attach: Attachment[] = [
      { at: { route: shop }, filter: filter('a') },
      { at: { rule: `${shop}/items` }, filter: filter('b') },
    ]
    const { parts } = withSecond({ attach })
    const rules = parts.ports.flatMap(({ listeners }) =>
      listeners.flatMap(({ hosts }) => hosts.flatMap(({ entries }) => entries)),
    )
    const named = rules.find(({ rule }) => rule.id === `${shop}/items`)!
    assert.deepEqual(
      named.rule.filters.map(one => JSON.stringify(one).includes('"a"')),
      [true, false],
    )
  })
})

suite('a place is closed', () => {
  const rows: readonly [at: AttachPoint, where: readonly string[]][] = [
    [
      { gateway: 'default/web' },
      [
        `${blog} (closed)`,
        `${shop}/1 (closed)`,
        `${shop}/items (closed)`,
        'tlsroute/default/bytes/0 (closed)',
      ],
    ],
    [{ route: shop }, [`${shop}/1 (closed)`, `${shop}/items (closed)`]],
    [{ route: 'tlsroute/default/bytes' }, ['tlsroute/default/bytes/0 (closed)']],
    [{ rule: `${shop}/1` }, [`${shop}/1 (closed)`]],
    // A rule with another backend serves that one's share.
    [{ backend: 'Service/default/carts' }, [`${shop}/1 to a closed backend`]],
    [
      { backend: items },
      [
        `${blog} (closed)`,
        `${shop}/1 to a closed backend`,
        `${shop}/items (closed)`,
        'tlsroute/default/bytes/0 (closed)',
      ],
    ],
  ]
  for (const [at, where] of rows)
    test(`at ${JSON.stringify(at)}`, () => {
      assert.deepEqual(marked(withSecond({ close: [{ at, origin: policy }] })), where)
    })
})

suite('what a filter sends requests to in place of their own backend', () => {
  const elsewhere = { ...filter('other'), forwardsTo: 'Service/default/carts:80' }
  const at: AttachPoint = { rule: `${shop}/items` }
  const kept = (second: Partial<Contribution>): unknown[] => {
    const { parts } = withSecond({ ...second, attach: [{ at, filter: elsewhere }, ...(second.attach ?? [])] })
    const rules = parts.ports.flatMap(({ listeners }) =>
      listeners.flatMap(({ hosts }) => hosts.flatMap(({ entries }) => entries.map(({ rule }) => rule))),
    )
    return rules.find(({ id }) => id === `${shop}/items`)!.filters.map(({ forwardsTo }) => forwardsTo)
  }

  for (const [what, second, expected] of [
    ['is sent to', {}, 'Service/default/carts:80'],
    [
      'is not where somebody has closed it',
      { close: [{ at: { backend: 'Service/default/carts' }, origin: policy }] },
      undefined,
    ],
    [
      'is not where it has filters that would be passed by',
      { attach: [{ at: { backend: 'Service/default/carts:80' }, filter: filter('own') }] },
      undefined,
    ],
  ] as const)
    test(what, () => assert.deepEqual(kept(second), [expected]))
})

test('bytes that no filter can act on are closed where it protects', () => {
  const tunes = withSecond({ attach: [{ at: { gateway: 'default/web' }, filter: filter('a') }] })
  assert.deepEqual(marked(tunes), ['default/web/http'])
  assert.deepEqual(
    tunes.problems.map(({ severity, reason }) => [severity, reason]),
    [['warning', 'NotApplied']],
  )
  const protects = withSecond({
    attach: [{ at: { gateway: 'default/web' }, filter: filter('a'), protects: true }],
  })
  assert.deepEqual(marked(protects), ['default/web/http', 'tlsroute/default/bytes/0 (closed)'])
  assert.deepEqual(
    protects.problems.map(({ severity, resource }) => [severity, resource?.name]),
    [['error', 'keys']],
  )
})

test('what nothing is attached to is the same object', () => {
  const { parts } = withSecond({ attach: [{ at: { rule: `${shop}/items` }, filter: filter('a') }] })
  const rulesOf = (ports: Contribution['ports'] = []) =>
    new Map(
      ports
        .flatMap(({ listeners }) => listeners.flatMap(({ hosts }) => hosts.flatMap(({ entries }) => entries)))
        .map(({ rule }) => [rule.id, rule]),
    )
  const [before, after] = [rulesOf(ingress.ports), rulesOf(parts.ports)]
  for (const [id, rule] of after) assert.equal(rule === before.get(id), id !== `${shop}/items`, id)
  assert.equal(withSecond({}).parts.ports[0], ingress.ports![0])
})

suite('two roles contradict each other', () => {
  test('about a port: the first has it', () => {
    const [port] = ingress.ports!
    const theirs = { ...port!, listeners: port!.listeners.map(one => ({ ...one, origin: policy })) }
    const { parts, conditions } = withSecond({ ports: [theirs] })
    assert.deepEqual(parts.ports, ingress.ports)
    assert.deepEqual(conditions.at(-1), {
      about: { group: 'portcullis.dev', kind: 'KeyPolicy', namespace: 'default', name: 'keys' },
      type: 'Conflicted',
      status: 'True',
      reason: 'TakenByOtherRole',
      message: '*:80 is listened on for Gateway/default/web, of role ingress',
      position: { file: 'keys.yaml', line: 4, column: 3 },
    })
  })

  test('about a cluster: the first counts, with its endpoints; the same twice is none', () => {
    const [cluster] = ingress.clusters!
    const same = withSecond({ clusters: [{ ...cluster! }] })
    assert.deepEqual(same.conditions, ingress.conditions)
    const other = withSecond({
      clusters: [
        { ...cluster!, connectTimeoutMs: 1, origin: policy },
        { ...clusterOf('theirs'), origin: policy },
      ],
      endpoints: {
        [cluster!.name]: [{ address: '10.0.0.9', port: 1, weight: 1 }],
        theirs: [{ address: '10.0.0.8', port: 1, weight: 1 }],
      },
    })
    assert.deepEqual(
      other.parts.clusters.map(({ name }) => name),
      [...ingress.clusters!.map(({ name }) => name), 'theirs'],
    )
    assert.deepEqual(other.parts.endpoints[cluster!.name], ingress.endpoints![cluster!.name])
    assert.equal(other.parts.endpoints['theirs']?.length, 1)
    assert.deepEqual(
      other.conditions.slice(ingress.conditions.length).map(({ type, about }) => [type, about.name]),
      [['Conflicted', 'keys']],
    )
  })
})

test('the earliest of what is due counts', () => {
  assert.equal(withSecond({ dueMs: 7 }).dueMs, 7)
  assert.equal(
    merge([
      { role: 'ingress', conditions: [], dueMs: 3 },
      { role: 'mesh', conditions: [], dueMs: 2 },
    ]).dueMs,
    2,
  )
})
