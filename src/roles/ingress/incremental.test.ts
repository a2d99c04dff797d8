import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Resource } from '../../model/resource.ts'
import { Resources } from '../../model/resources.ts'
import { parseResources } from '../../../test/support/declared.ts'
import { translate } from '../../../test/support/translate.ts'

const api = 'gateway.networking.k8s.io/v1'
const object = (
  apiVersion: string,
  kind: string,
  name: string,
  rest: object,
  namespace = 'default',
): object => ({
  apiVersion,
  kind,
  metadata: { name, namespace },
  ...rest,
})
const hostnames = fc.constantFrom([], ['a.example'], ['*.example'], ['b.example', 'a.example'])
const backend = fc.constantFrom(
  { group: 'portcullis.dev', kind: 'Backend', name: 'b', namespace: 'default' },
  { group: 'portcullis.dev', kind: 'Backend', name: 'b' },
  { group: 'portcullis.dev', kind: 'Backend', name: 'b' },
  { name: 's', port: 80 },
  { name: 's', port: 81 },
  { name: 's', namespace: 'other', port: 80 },
  { group: 'portcullis.dev', kind: 'Backend', name: 'b' },
  { group: 'portcullis.dev', kind: 'Backend', name: 'b', port: 9000 },
  {
    name: 's',
    port: 80,
    filters: [{ type: 'ExtensionRef', extensionRef: { group: 'x', kind: 'Y', name: 'z' } }],
  },
)
const filters = fc.constantFrom(
  [],
  [
    {
      type: 'RequestMirror',
      requestMirror: { backendRef: { group: 'portcullis.dev', kind: 'Backend', name: 'b' } },
    },
  ],
  [{ type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'x', value: 'y' }] } }],
  [{ type: 'ExtensionRef', extensionRef: { group: 'x', kind: 'Y', name: 'z' } }],
)
const path = fc.constantFrom<object>(
  { value: '/' },
  { value: '/a' },
  { value: '/a/b' },
  { value: '/c' },
  { type: 'Exact', value: '/a/b' },
  { type: 'RegularExpression', value: '/a/.*' },
  { value: '/%5C' },
)
const method = fc.constantFrom({}, {}, {}, { method: 'POST' }, { method: 'TRACE' })
const retry = fc.constantFrom({}, {}, { retry: { attempts: 2 } })
const names = fc.constantFrom('x', 'y', 'z', 'u', 'v')
const parentRefs = fc.constantFrom<readonly object[]>(
  [{ name: 'gw', namespace: 'default' }],
  [{ name: 'gw', namespace: 'default' }],
  [{ name: 'gw', namespace: 'default' }],
  [{ name: 'gw' }],
  [{ name: 'gw', sectionName: 'http' }],
  [{ name: 'gw', sectionName: 'htp' }],
  [{ name: 'gw2' }, { name: 'gw', namespace: 'default' }],
  [{ name: 'gw', port: 80 }, { name: 'gw' }],
  [{ name: 'nobody' }],
  [],
)
const homes = fc.constantFrom('default', 'default', 'default', 'other')
const created = fc.constantFrom({}, {}, { creationTimestamp: '2026-01-02T03:04:05Z' })

const httpRule = fc.record({
  matches: fc.tuple(path, method).map(([of, by]) => [{ path: of, ...by }]),
  filters,
  backendRefs: fc.array(backend, { maxLength: 2 }),
})
const httpRoute = fc
  .record({
    name: names,
    hostnames,
    parentRefs,
    namespace: homes,
    created,
    retry,
    rules: fc.array(httpRule, { minLength: 1, maxLength: 3 }),
  })
  .map(({ name, namespace: home, created: when, retry: again, rules, ...spec }) => ({
    apiVersion: api,
    kind: 'HTTPRoute',
    metadata: { name, namespace: home, ...when },
    spec: { ...spec, rules: rules.map(rule => ({ ...rule, ...again })) },
  }))
const grpcRoute = fc
  .tuple(names, hostnames, parentRefs, fc.array(backend, { maxLength: 2 }))
  .map(([name, hosts, parents, backendRefs]) =>
    object(api, 'GRPCRoute', name, {
      spec: { parentRefs: parents, hostnames: hosts, rules: [{ backendRefs }] },
    }),
  )
const service = fc
  .tuple(fc.constantFrom('default', 'other'), fc.constantFrom(undefined, 'https', 'kubernetes.io/h2c'))
  .map(([namespace, appProtocol]) =>
    object(
      'v1',
      'Service',
      's',
      { spec: { clusterIP: '10.0.0.1', ports: [{ name: 'p', port: 80, appProtocol }] } },
      namespace,
    ),
  )
const ours = fc.constantFrom('http', 'h2c', 'https', 'udp').map(protocol =>
  object('portcullis.dev/v1alpha1', 'Backend', 'b', {
    spec: { protocol, endpoints: [{ address: '127.0.0.1', port: 9000 }] },
  }),
)
const grant = fc.constant(
  object(
    'gateway.networking.k8s.io/v1beta1',
    'ReferenceGrant',
    'g',
    {
      spec: {
        from: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'default' }],
        to: [{ group: '', kind: 'Service' }],
      },
    },
    'other',
  ),
)
const tls = fc.constant(
  object(api, 'BackendTLSPolicy', 'p', {
    spec: {
      targetRefs: [{ group: '', kind: 'Service', name: 's' }],
      validation: { hostname: 'a.example', wellKnownCACertificates: 'System' },
    },
  }),
)
const policy = fc.constantFrom('Gateway gw', 'HTTPRoute x', 'Service s').map(target => {
  const [kind = '', name = ''] = target.split(' ')
  return object('x.example/v1', 'Auth', 'auth', { spec: { targetRef: { kind, name } } })
})
const ofNamespacesNotOut = {
  from: 'Selector',
  selector: { matchExpressions: [{ key: 'in', operator: 'NotIn', values: ['no'] }] },
}
const allowed = fc.constantFrom<object>({}, { from: 'All' }, ofNamespacesNotOut)
const gateway = fc
  .tuple(
    fc.constantFrom('gw', 'gw', 'gw2'),
    fc.constantFrom('', 'a.example'),
    fc.constantFrom(80, 81),
    allowed,
  )
  .map(([name, hostname, port, namespaces]) =>
    object(api, 'Gateway', name, {
      spec: {
        gatewayClassName: 'portcullis',
        listeners: [
          {
            name: 'http',
            port,
            protocol: 'HTTP',
            ...(hostname && { hostname }),
            allowedRoutes: { namespaces },
          },
        ],
      },
    }),
  )
const sessions = fc
  .tuple(fc.constantFrom('p', 'q'), fc.constantFrom('Service s', 'Backend b'), fc.constantFrom('one', 'two'))
  .map(([name, target, sessionName]) => {
    const [kind, of] = target.split(' ')
    const group = kind === 'Backend' ? 'portcullis.dev' : ''
    return object('portcullis.dev/v1alpha1', 'BackendPolicy', name, {
      spec: { targetRefs: [{ group, kind, name: of }], sessionPersistence: { sessionName } },
    })
  })
const space = fc.constantFrom({}, { in: 'no' }).map(labels => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'other', labels },
}))

/** What most references lead to. */
const world = [
  object(api, 'Gateway', 'gw', {
    spec: {
      gatewayClassName: 'portcullis',
      listeners: [
        { name: 'http', port: 80, protocol: 'HTTP', allowedRoutes: { namespaces: ofNamespacesNotOut } },
      ],
    },
  }),
  object('v1', 'Service', 's', { spec: { clusterIP: '10.0.0.1', ports: [{ name: 'p', port: 80 }] } }),
  object('portcullis.dev/v1alpha1', 'Backend', 'b', {
    spec: { endpoints: [{ address: '127.0.0.1', port: 9000 }] },
  }),
]

/** One object comes, in front of or behind others, in place of one of its name if there is one; or one goes. */
const step = fc.record({
  text: fc
    .oneof(
      httpRoute,
      httpRoute,
      httpRoute,
      grpcRoute,
      service,
      ours,
      grant,
      tls,
      policy,
      gateway,
      space,
      sessions,
    )
    .map(one => JSON.stringify(one)),
  goes: fc.constantFrom(false, false, false, true),
  first: fc.boolean(),
})

type Parsed = ReturnType<typeof parseResources>

const nameOf = (text: string): string => {
  const { kind, metadata } = JSON.parse(text) as {
    kind: string
    metadata: { namespace?: string; name: string }
  }
  return `${kind} ${metadata.namespace ?? ''} ${metadata.name}`
}

const together = (list: readonly Parsed[], of: (one: Resource) => Resource = one => one): Resources =>
  Resources.of(
    list.flatMap(({ resources }) => resources.map(of)),
    list.flatMap(({ unenforced }) => unenforced),
  )

test('a translation after others is what it would be from nothing', () => {
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 4, maxLength: 16, size: 'max' }),
      fc.context(),
      (steps, context) => {
        let all: (readonly [name: string, parsed: Parsed])[] = []
        for (const { text, goes, first } of [
          ...world.map(one => ({ text: JSON.stringify(one), goes: false, first: false })),
          ...steps,
        ]) {
          const name = nameOf(text)
          const left = all.filter(([one]) => one !== name)
          const parsed = [name, parseResources('a.yaml', text)] as const
          all = goes ? left : first ? [parsed, ...left] : [...left, parsed]
          const list = all.map(([, one]) => one)
          context.log(`${goes ? 'without' : 'with'} ${text}`)
          // Objects that nobody has seen are not known.
          assert.deepEqual(
            translate(together(list)),
            translate(together(list, one => ({ ...one, body: structuredClone(one.body) }))),
          )
        }
      },
    ),
    { numRuns: 300 },
  )
})

test('a route that stays is judged again where the labels of its namespace change', () => {
  const route = {
    apiVersion: api,
    kind: 'HTTPRoute',
    metadata: { name: 'x', namespace: 'other' },
    spec: { parentRefs: [{ name: 'gw', namespace: 'default' }], rules: [{}] },
  }
  const [gatewayAndRoute, open, closed] = [
    [world[0], route],
    [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'other', labels: {} } }],
    [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'other', labels: { in: 'no' } } }],
  ].map(list => parseResources('a.yaml', list.map(one => JSON.stringify(one)).join('\n---\n')))
  const reasonWith = (labelled: Parsed): string | undefined =>
    translate(together([gatewayAndRoute!, labelled])).conditions.find(
      ({ about, type }) => about.kind === 'HTTPRoute' && type === 'Accepted',
    )?.reason
  assert.equal(reasonWith(open!), 'Accepted')
  assert.equal(reasonWith(closed!), 'NotAllowedByListeners')
  assert.equal(reasonWith(open!), 'Accepted')
})

test('a rule that keeps the sessions of its backend is the same object until one of the two changes', () => {
  const route = (name: string): object =>
    object(api, 'HTTPRoute', name, {
      spec: {
        parentRefs: [{ name: 'gw' }],
        rules: [{ backendRefs: [{ group: 'portcullis.dev', kind: 'Backend', name: 'b' }] }],
      },
    })
  const keeping = (name: string): object =>
    object('portcullis.dev/v1alpha1', 'BackendPolicy', 'p', {
      spec: {
        targetRefs: [{ group: 'portcullis.dev', kind: 'Backend', name: 'b' }],
        sessionPersistence: { cookie: { name } },
      },
    })
  const parsed = (...list: readonly object[]): Parsed =>
    parseResources('a.yaml', list.map(one => JSON.stringify(one)).join('\n---\n'))
  const own = parsed(...world, route('x'))
  const [one, two, other] = [keeping('one'), keeping('two'), route('y')].map(declared =>
    parsed(declared),
  ) as [Parsed, Parsed, Parsed]
  const hostOf = (...list: readonly Parsed[]) =>
    translate(together(list)).parts.ports[0]!.listeners[0]!.hosts[0]!
  const first = hostOf(own, one)
  assert.equal(first.entries[0]!.rule.filters[0]?.type, 'session')
  assert.equal(hostOf(own, one), first)
  const [same, more] = hostOf(own, one, other).entries
  assert.equal(same, first.entries[0])
  assert.equal(more!.rule.filters[0]?.type, 'session')
  const changed = hostOf(own, two)
  assert.notDeepEqual(changed, first)
  assert.deepEqual(hostOf(own), hostOf(own, parsed()))
  assert.equal(hostOf(own).entries[0]!.rule.filters.length, 0)
})
