import assert from 'node:assert/strict'
import { cpuUsage } from 'node:process'
import { test } from 'node:test'
import type { Resource } from '../../model/resource.ts'
import { Resources } from '../../model/resources.ts'
import { parseResources } from '../../../test/support/declared.ts'
import type { Listener } from '../../snapshot/snapshot.ts'
import { endpointsOnly, onlyEndpointsDiffer } from './backends/endpoints.ts'
import { translate } from '../../../test/support/translate.ts'

function load(text: string): Resource[] {
  const { resources, problems } = parseResources('t.yaml', text)
  assert.deepEqual(problems, [])
  return resources
}

const gateway = `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: gw }
spec:
  gatewayClassName: portcullis
  listeners: [{ name: http, port: 80, protocol: HTTP }, { name: other, port: 81, protocol: HTTP }]
---
apiVersion: v1
kind: Service
metadata: { name: s }
spec: { clusterIP: 10.0.0.1, ports: [{ name: web, port: 80, targetPort: web }] }
---
apiVersion: portcullis.dev/v1alpha1
kind: Backend
metadata: { name: b }
spec: { endpoints: [{ address: 127.0.0.1, port: 9000 }] }
`

function route(name: string, rest: string): string {
  return `
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${name} }
spec:
  parentRefs: [{ name: gw }]
  hostnames: [a.example, "*.example"]
  ${rest}
`
}

function slice(...addresses: string[]): string {
  const endpoints = addresses.map(address => `{ addresses: [${address}] }`).join(', ')
  return `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: s-1, labels: { kubernetes.io/service-name: s } }
addressType: IPv4
ports: [{ name: web, port: 3000 }]
endpoints: [${endpoints}]
`
}

const bothBackends =
  'rules: [{ backendRefs: [{ name: s, port: 80 }, { group: portcullis.dev, kind: Backend, name: b }] }]'

test('a rule is one object under all its matches, hostnames and listeners', () => {
  const matches = 'matches: [{ path: { value: /a } }, { path: { value: /b } }]'
  const { parts } = translate(
    Resources.of(load(gateway + route('r', `rules: [{ ${matches}, backendRefs: [{ name: s, port: 80 }] }]`))),
  )
  const rules = parts.ports
    .flatMap(p => p.listeners)
    .flatMap(l => l.hosts.flatMap(h => h.entries.map(e => e.rule)))
  assert.equal(rules.length, 8)
  assert.equal(new Set(rules).size, 1)
})

test('the result is frozen, all the way down', () => {
  const loose: unknown[] = []
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    if (!Object.isFrozen(value)) loose.push(value)
    Object.values(value).forEach(visit)
  }
  visit(translate(Resources.of(load(gateway + route('r', bothBackends)))))
  assert.deepEqual(loose, [])
})

test('the result can be sent to a worker', () => {
  const { parts } = translate(Resources.of(load(gateway + route('r', bothBackends))))
  assert.deepEqual(structuredClone(parts), parts)
})

test('the order in which objects were read changes nothing but ties', () => {
  const objects = load(gateway + route('r', bothBackends) + `---${slice('10.1.0.2', '10.1.0.1')}`)
  assert.deepEqual(
    translate(Resources.of(objects.toReversed())).parts,
    translate(Resources.of(objects)).parts,
  )
})

test('a cluster that nothing sends to is not there', () => {
  const dropped =
    'rules: [{ matches: [{ path: { type: RegularExpression, value: "(a*)*" } }], backendRefs: [{ name: s, port: 80 }] }]'
  assert.deepEqual(translate(Resources.of(load(gateway + route('r', dropped)))).parts.clusters, [])
})

test('endpoints alone follow EndpointSlices and Backends, and what is the same stays the same object', () => {
  const fixed = load(gateway + route('r', bothBackends))
  const before = translate(Resources.of([...fixed, ...load(slice('10.1.0.1'))])).parts
  const after = Resources.of([...fixed, ...load(slice('10.1.0.2', '10.1.0.1'))])
  const endpoints = endpointsOnly(after, before)
  assert.deepEqual(endpoints, translate(after).parts.endpoints)
  assert.deepEqual(
    endpoints['Service/default/s:80']?.map(e => e.address),
    ['10.1.0.1', '10.1.0.2'],
  )
  assert.equal(endpoints['Backend/default/b'], before.endpoints['Backend/default/b'])
})

test('a target of requests and of calls is two clusters, and endpoints alone reach both', () => {
  const calls = route('calls', bothBackends).replace('HTTPRoute', 'GRPCRoute').replaceAll('example', 'test')
  const fixed = load(gateway + route('r', bothBackends) + calls)
  const before = translate(Resources.of([...fixed, ...load(slice('10.1.0.1'))])).parts
  const endpoints = endpointsOnly(Resources.of([...fixed, ...load(slice('10.1.0.2'))]), before)
  assert.deepEqual(
    before.clusters.map(({ name, protocol }) => `${name}: ${protocol}`),
    [
      'Backend/default/b: http',
      'Backend/default/b (h2): h2',
      'Service/default/s:80: http',
      'Service/default/s:80 (h2): h2',
    ],
  )
  for (const name of ['Service/default/s:80', 'Service/default/s:80 (h2)'])
    assert.deepEqual(endpoints[name], [{ address: '10.1.0.2', port: 3000, weight: 1 }])
  for (const name of ['Backend/default/b', 'Backend/default/b (h2)'])
    assert.equal(endpoints[name], before.endpoints[name])
})

test('endpoints of an object that is gone stay until the whole is translated', () => {
  const fixed = load(gateway + route('r', bothBackends))
  const before = translate(Resources.of(fixed)).parts
  const without = Resources.of(fixed.filter(resource => resource.kind !== 'Backend'))
  assert.equal(endpointsOnly(without, before)['Backend/default/b'], before.endpoints['Backend/default/b'])
})

const elsewhere = (port: number, more = '', of = '') => `
apiVersion: portcullis.dev/v1alpha1
kind: Backend
metadata: { name: other }
spec: { ${more} endpoints: [{ address: 127.0.0.1, port: ${port} ${of} }] }
`
const toOther = (port = '', name = 'o') =>
  route(name, `rules: [{ backendRefs: [{ group: portcullis.dev, kind: Backend, name: other ${port} }] }]`)
const foreign =
  '\n---\napiVersion: x.example/v1\nkind: Auth\nmetadata: { name: a }\nspec: { targetRef: { kind: Gateway, name: gw } }\n'
const https = 'protocol: https,'

/** Each row: what is there beside the rest, what then, and whether the workers may have the endpoints at once. */
for (const [what, before, after, expected] of [
  ['a slice has another address', slice('10.1.0.1'), slice('10.1.0.2'), true],
  ['a slice comes', '', slice('10.1.0.1'), true],
  ['a slice goes', slice('10.1.0.1'), '', true],
  ['a Backend is elsewhere', elsewhere(1), elsewhere(2), true],
  ['a Backend has another weight', elsewhere(1, '', ', weight: 2'), elsewhere(1), true],
  ['a Backend has another priority', elsewhere(1, '', ', priority: 1'), elsewhere(1), true],
  ['a Backend is in another zone', elsewhere(1, '', ', zone: a'), elsewhere(1, '', ', zone: b'), true],
  [
    'a Backend is elsewhere whose port is named',
    elsewhere(1) + toOther(', port: 1'),
    elsewhere(2) + toOther(', port: 1'),
    false,
  ],
  ['a Backend over TLS is elsewhere', elsewhere(1, https), elsewhere(2, https), false],
  ['a Backend speaks something else', elsewhere(1), elsewhere(2, 'protocol: h2c,'), false],
  ['a Backend comes', '', elsewhere(1), false],
  ['a policy that nobody knows comes too', elsewhere(1), elsewhere(2) + foreign, false],
  ['a route comes too', elsewhere(1), elsewhere(2) + toOther(), false],
] as const)
  test(`${what}: ${expected ? 'endpoints alone differ' : 'more than endpoints may differ'}`, () => {
    const fixed = load(gateway + route('r', bothBackends) + toOther('', 'fixed'))
    const of = (text: string): Resources => {
      const { resources, unenforced } = parseResources('b.yaml', text)
      return Resources.of([...fixed, ...resources], unenforced)
    }
    const [old, now] = [of(before), of(after)]
    assert.equal(onlyEndpointsDiffer(old, now), expected)
    if (!expected) return
    const { parts } = translate(now)
    const { parts: oldParts } = translate(old)
    assert.deepEqual(parts.ports, oldParts.ports)
    assert.deepEqual(parts.clusters, oldParts.clusters)
    assert.deepEqual(endpointsOnly(now, oldParts), parts.endpoints)
  })

/** Routes as a source would give them, without the cost of reading them. */
function manyRoutes(count: number, hostname: (i: number) => string[]): Resource[] {
  const at = (): null => null
  return Array.from({ length: count }, (_, i) => ({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: `r${i}`, namespace: 'default' },
    body: {
      spec: {
        parentRefs: [{ name: 'gw' }],
        hostnames: hostname(i),
        rules: [
          {
            matches: [
              { path: { type: 'PathPrefix', value: `/r${i}` } },
              { path: { type: 'RegularExpression', value: `/x${i}/[^/]+` } },
            ],
            filters: [
              { type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'x', value: 'y' }] } },
            ],
            backendRefs: [{ name: 's', port: 80 }],
          },
        ],
      },
    },
    at,
  }))
}

for (const [name, hostname] of [
  ['one hostname', (): string[] => ['a.example']],
  ['as many hostnames', (i: number): string[] => [`h${i}.example`]],
] as const)
  test(`10,000 routes of ${name} take about a second of one core at most`, () => {
    const resources = Resources.of([...load(gateway), ...manyRoutes(10_000, hostname)])
    const start = cpuUsage()
    const { parts } = translate(resources)
    const { user } = cpuUsage(start)
    const entries = (listener: Listener): number =>
      listener.hosts.reduce((sum, host) => sum + host.entries.length, 0)
    assert.equal(
      parts.ports.flatMap(p => p.listeners).reduce((sum, listener) => sum + entries(listener), 0),
      40_000,
    )
    assert.ok(user < 3_000_000, `${user} µs`)
  })
