import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { Resources } from '../../model/resources.ts'
import { kinds, parseResources } from '../../../test/support/declared.ts'
import { translate, types } from '../../../test/support/translate.ts'
import type { SnapshotParts } from '../../snapshot/snapshot.ts'
import { explanationJson } from './json.ts'
import { explanationText } from './text.ts'
import { explainRequest } from './explanation.ts'
import { painter } from '../../telemetry/colour.ts'
import { policyNames } from './policy-names.ts'

const termination = { mode: 'terminate', inner: 'http', certificates: [], clients: null, key: '' } as const

const { resources, problems } = parseResources(
  'shop.yaml',
  `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: front }
spec:
  gatewayClassName: portcullis
  listeners:
    - { name: any, protocol: HTTP, port: 80 }
    - { name: shop, protocol: HTTP, port: 80, hostname: "*.shop.example" }
---
apiVersion: portcullis.dev/v1alpha1
kind: Backend
metadata: { name: items }
spec: { endpoints: [{ address: 10.0.0.1, port: 9000 }, { address: "::1", port: 9001, weight: 2 }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: items }
spec:
  parentRefs: [{ name: front }]
  rules:
    - matches: [{ path: { type: PathPrefix, value: /items } }]
      filters:
        - { type: ResponseHeaderModifier, responseHeaderModifier: { set: [{ name: X-A, value: a }], remove: [X-B] } }
        - { type: URLRewrite, urlRewrite: { path: { type: ReplacePrefixMatch, replacePrefixMatch: / } } }
      timeouts: { request: 2s }
      retry: { attempts: 2, codes: [503], backoff: 10ms }
      backendRefs:
        - { group: portcullis.dev, kind: Backend, name: items, weight: 3 }
        - { group: portcullis.dev, kind: Backend, name: gone }
    - matches: [{ path: { type: Exact, value: /items/old }, method: GET }]
      filters: [{ type: RequestRedirect, requestRedirect: { hostname: new.example, statusCode: 302 } }]
    - matches: [{ path: { type: Exact, value: /nowhere } }]
      backendRefs: [{ group: portcullis.dev, kind: Backend, name: gone }]
---
apiVersion: portcullis.dev/v1alpha1
kind: ClientPolicy
metadata: { name: strict }
spec:
  targetRefs: [{ group: gateway.networking.k8s.io, kind: Gateway, name: front }]
  limits: { headBytes: 16Ki, bodyBytes: 1Mi }
  timeouts: { head: 2500ms }
---
apiVersion: portcullis.dev/v1alpha1
kind: BackendPolicy
metadata: { name: few }
spec:
  targetRefs: [{ group: portcullis.dev, kind: Backend, name: items }]
  connections: { max: 7 }
---
apiVersion: portcullis.dev/v1alpha1
kind: BackendPolicy
metadata: { name: refused }
spec:
  targetRefs: [{ group: portcullis.dev, kind: Backend, name: items }]
`,
)
assert.deepEqual(problems, [])
const known = Resources.of(resources)
const { parts, conditions } = translate(known)
const policies = policyNames(conditions, known, kinds)

/** The same listeners on port 443: one with a certificate, one that cannot be served. */
const secure: SnapshotParts = {
  ...parts,
  ports: parts.ports.map(port => ({
    ...port,
    port: 443,
    protocol: 'tls',
    listeners: port.listeners.map(listener => ({
      ...listener,
      tls: listener.hostname === '' ? termination : { mode: 'refuse' },
    })),
  })),
}

const streams = translate(
  Resources.of(
    parseResources(
      'tls.yaml',
      `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: tls }
spec:
  gatewayClassName: portcullis
  listeners: [{ name: pass, protocol: TLS, port: 443, hostname: "*.pass.example", tls: { mode: Passthrough } }]
---
apiVersion: portcullis.dev/v1alpha1
kind: Backend
metadata: { name: db }
spec: { endpoints: [{ address: 10.0.0.2, port: 5432 }], protocol: tcp }
---
apiVersion: gateway.networking.k8s.io/v1
kind: TLSRoute
metadata: { name: db }
spec:
  parentRefs: [{ name: tls }]
  hostnames: [a.pass.example]
  rules: [{ backendRefs: [{ group: portcullis.dev, kind: Backend, name: db }] }]
`,
    ).resources,
  ),
).parts

const ask = (method: string, url: string, headers: readonly (readonly [string, string])[] = []) =>
  explainRequest(parts, { method, url, headers })

suite('explain', () => {
  for (const [method, url, outcome, expected] of [
    [
      'GET',
      'http://a.example/items/1',
      'routed',
      /^route +httproute\/default\/items\/0, HTTPRoute\/default\/items spec\.rules\[0\] \(shop\.yaml:22:\d+\)$/m,
    ],
    [
      'GET',
      'http://a.example/items/1',
      'routed',
      /^filter +headers, ingress: response-headers set X-A; remove x-b, .*shop\.yaml:24:/m,
    ],
    [
      'GET',
      'http://a.example/items/1',
      'routed',
      /^filter +headers, ingress: url-rewrite prefix \/items becomes \//m,
    ],
    [
      'GET',
      'http://a.example/items/1',
      'routed',
      /^cluster +Backend\/default\/items, weight 3 of 4: 10\.0\.0\.1:9000, \[::1\]:9001 \(weight 2\)$/m,
    ],
    [
      'GET',
      'http://a.example/items/1',
      'routed',
      /^cluster +none, weight 1 of 4: the reference is invalid, answered 500$/m,
    ],
    ['GET', 'http://a.example/items/1', 'routed', /^timeout +request 2000 ms$/m],
    ['GET', 'http://a.example/items/1', 'routed', /^retry +2 more, on 503, after 10 ms$/m],
    [
      'GET',
      'http://a.example/items/1',
      'routed',
      /^not +httproute\/default\/items\/1: path exactly \/items\/old does not take/m,
    ],
    ['GET', 'http://a.example/items/old', 'routed', /^answer +redirect 302: host new\.example$/m],
    [
      'GET',
      'http://a.example/items/old',
      'routed',
      /^not +httproute\/default\/items\/0: matches, but .* comes first$/m,
    ],
    ['PUT', 'http://a.example/items/old', 'routed', /^not .*items\/1: method is PUT, not GET$/m],
    // What a client sends is judged, not what a URL parser makes of it.
    ['GET', 'http://a.example/x/../items/%31', 'routed', /^request +GET \/items\/1, host a\.example$/m],
    ['GET', 'http://a.example/itemsx', 'no-route', /^route +none matches: 404$/m],
    ['GET', 'http://x.shop.example/items', 'routed', /^listener +default\/front\/shop: /m],
    ['GET', 'http://x.shop.example/items', 'routed', /^not +default\/front\/any: .*only one listener/m],
    ['GET', 'http://a.example/%zz', 'rejected', /^rejected +400, rule target-encoding/m],
    ['GET', 'http://a.example/items/1?a|b', 'routed', /^request +GET \/items\/1\?a%7Cb, host a\.example$/m],
    [
      'TRACE',
      'http://a.example/items/1',
      'rejected',
      /^rejected +405, rule http_method_not_allowed: .*spec\.methods/m,
    ],
    ['Trace', 'http://a.example/', 'rejected', /^rejected +501, rule method-unknown: /m],
    ['PAINT', 'http://a.example/items/old', 'routed', /^not .*items\/1: method is PAINT, not GET$/m],
    [
      'GET',
      'http://a.example/items/1',
      'routed',
      /^takes +every method but TRACE and CONNECT, %2F and %5C: keep, .*characters .*: encode, .*X-Forwarded-Port of the client; ingress: /m,
    ],
    ['GET', 'http://a.example:81/', 'no-port', /^refused +nothing listens on port 81; there is \*:80$/m],
    [
      'GET',
      'https://a.example:80/',
      'refused',
      /^refused +no listener of port 80 has protocol HTTPS, expected http/m,
    ],
    // Limits, of the port and of the cluster, with the policies that set them.
    [
      'GET',
      'http://a.example/items/1',
      'routed',
      /^limits +request line 16Ki, field 16Ki, head 16Ki of 100 fields within 2500ms, body 1Mi, .*; ingress: ClientPolicy\/default\/strict \(shop\.yaml:3\d:1\)$/m,
    ],
    [
      'GET',
      'http://a.example/items/1',
      'routed',
      /^limits +7 connections, 1024 requests waiting for one, connect within 5s, .*; ingress: BackendPolicy\/default\/few \(shop\.yaml:4\d:1\)$/m,
    ],
    ['GET', `http://a.example/${'x'.repeat(17_000)}`, 'rejected', /^limits +request line 16Ki/m],
    [
      'GET',
      'http://a.example/nowhere',
      'routed',
      /^answer +by the gateway: 500 destination_not_found, the route /m,
    ],
  ] as const)
    test(`${method} ${url}: ${String(expected)}`, () => {
      const explanation = ask(method, url)
      assert.equal(explanation.outcome, outcome)
      assert.match(explanationText(explanation, { parts, types, policies }), expected)
    })

  for (const [url, host, outcome, expected] of [
    ['https://a.example/items', 'a.example', 'routed', /^route +httproute\/default\/items\/0/m],
    ['http://a.example:443/items', 'a.example', 'refused', /^refused +port 443 is for TLS, expected https/m],
    [
      'https://x.shop.example/',
      'a.example',
      'refused',
      /^refused +the handshake fails: listener .*shop cannot/m,
    ],
    ['https://a.example/items', 'x.shop.example', 'rejected', /^rejected +421, rule misdirected_request: /m],
  ] as const)
    test(`${url} for ${host}: ${outcome}`, () => {
      const explanation = explainRequest(secure, { method: 'GET', url, headers: [['Host', host]] })
      assert.equal(explanation.outcome, outcome)
      assert.match(explanationText(explanation, { parts: secure, types }), expected)
    })

  // Gateway API, Listener.hostname: 404 for a Host that no other listener has.
  test('a Host that no listener takes has no route, on whatever connection', () => {
    const listeners = secure.ports[0]!.listeners.map(one =>
      one.hostname === '' ? { ...one, hostname: 'a.example' } : one,
    )
    const named = { ...secure, ports: [{ ...secure.ports[0]!, listeners }] }
    const asked = { method: 'GET', url: 'https://a.example/items' }
    const outcome = (host: string): string =>
      explainRequest(named, { ...asked, headers: [['Host', host]] }).outcome
    assert.deepEqual(['a.example', 'nobody.example', 'x.shop.example'].map(outcome), [
      'routed',
      'no-route',
      'rejected',
    ])
  })

  for (const [url, outcome, expected] of [
    ['https://a.pass.example/', 'routed', /^stream +TLS for a\.pass\.example, passed on as it is$/m],
    [
      'https://a.pass.example/',
      'routed',
      /^route +tlsroute\/default\/db\/0, TLSRoute\/default\/db spec\.rules\[0\] \(tls\.yaml/m,
    ],
    [
      'https://a.pass.example/',
      'routed',
      /^cluster +Backend\/default\/db, weight 1 of 1: 10\.0\.0\.2:5432$/m,
    ],
    ['https://b.pass.example/', 'no-route', /^route +none matches: the connection is closed$/m],
    [
      'https://b.pass.example/',
      'no-route',
      /^not +tlsroute\/default\/db\/0: hostname a\.pass\.example does not/m,
    ],
    [
      'https://other.example/',
      'refused',
      /^refused +the handshake fails: no listener takes the name of other/m,
    ],
  ] as const)
    test(`a stream: ${url}: ${String(expected)}`, () => {
      const explanation = explainRequest(streams, { method: 'GET', url, headers: [] })
      assert.equal(explanation.outcome, outcome)
      assert.match(explanationText(explanation, { parts: streams, types }), expected)
      assert.equal(explanationJson(explanation, { parts: streams, types }).outcome, outcome)
    })

  test('a Host given as a header is the one that counts', () => {
    const explanation = ask('GET', 'http://127.0.0.1/items', [['host', 'a.shop.example']])
    assert.match(explanationText(explanation, { parts, types }), /^listener +default\/front\/shop/m)
  })

  test('a header cannot smuggle in a second line', () => {
    assert.equal(ask('GET', 'http://a.example/items', [['X', 'a\r\nHost: b']]).outcome, 'rejected')
  })

  test('JSON has the limits of the port and the settings of each cluster', () => {
    const text = JSON.stringify(explanationJson(ask('GET', 'http://a.example/items/1'), { parts, types }))
    assert.match(text, /"limits":\{[^}]*"headBytes":16384/)
    assert.match(
      text,
      /"clusters":\{"Backend\/default\/items":\{"settings":\{.*"maxConnections":7,.*"endpoints":\[/,
    )
  })

  test('JSON has the route, its endpoints and every other route, and can be written', () => {
    const json: unknown = JSON.parse(
      JSON.stringify(explanationJson(ask('GET', 'http://a.example/items/old'), { parts, types })),
    )
    assert.ok(typeof json === 'object' && json !== null && 'others' in json && 'route' in json)
    assert.ok(Array.isArray(json.others))
    assert.equal(json.others.length, 2)
    assert.match(JSON.stringify(json.route), /"id":"httproute\/default\/items\/1"/)
  })
})

suite('a URL without a scheme', () => {
  const { resources: two } = parseResources(
    'two.yaml',
    `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: two }
spec:
  gatewayClassName: portcullis
  listeners:
    - { name: a, protocol: HTTP, port: 8080 }
    - { name: b, protocol: HTTP, port: 8081, hostname: "b.example" }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: b }
spec:
  parentRefs: [{ name: two, sectionName: b }]
  rules: [{ matches: [{ path: { value: /cart } }], filters: [{ type: RequestRedirect, requestRedirect: { hostname: c.example } }] }]
`,
  )
  const { parts: ports } = translate(Resources.of(two))

  for (const [url, outcome, port] of [
    ['b.example/cart', 'routed', 8081],
    ['b.example/cart?next=http://x', 'routed', 8081],
    ['b.example:8081/cart', 'routed', 8081],
    ['b.example:8080/cart', 'no-route', 8080],
    ['b.example', 'no-route', 8080],
    ['b.example:9/cart', 'no-port', undefined],
  ] as const)
    test(`${url}: ${outcome}`, () => {
      const explanation = explainRequest(ports, { method: 'GET', url, headers: [] })
      assert.equal(explanation.outcome, outcome)
      assert.equal('port' in explanation ? explanation.port.port : undefined, port)
    })
})

suite('of several with one port, behind Services of their own', () => {
  const one = (name: string) => `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: ${name} }
spec:
  gatewayClassName: portcullis
  listeners: [{ name: http, protocol: HTTP, port: ${name === 'a' ? 8080 : 8081} }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${name} }
spec:
  parentRefs: [{ name: ${name} }]
  rules: [{ matches: [{ path: { value: /${name} } }], filters: [{ type: RequestRedirect, requestRedirect: { hostname: c.example } }] }]
---`
  const { resources: both } = parseResources('both.yaml', one('a') + one('b'))
  const { parts: apart } = translate(Resources.of(both))
  const ports = apart.ports.map(({ port, ...rest }) => ({ ...rest, port: 80, target: port + 12_000 }))

  for (const [url, outcome, target] of [
    ['http://x.example/a', 'routed', 20_080],
    ['http://x.example/b', 'routed', 20_081],
    ['x.example/b', 'routed', 20_081],
    ['http://x.example/c', 'no-route', 20_080],
    ['http://x.example:20081/b', 'routed', 20_081],
    ['http://x.example:20080/b', 'no-route', 20_080],
    ['http://x.example:20082/b', 'no-port', undefined],
  ] as const)
    test(`${url}: ${outcome}`, () => {
      const found = explainRequest({ ...apart, ports }, { method: 'GET', url, headers: [] })
      assert.equal(found.outcome, outcome)
      assert.equal('port' in found ? found.port.target : undefined, target)
    })
})

test('colours change nothing of what is said, and bad news stands out', () => {
  const sgr = /\x1b\[\d+m/g
  for (const url of [
    'http://a.shop.example/items',
    'https://a.shop.example/items',
    'http://a.shop.example/none',
  ]) {
    const explanation = explainRequest(parts, { method: 'GET', url, headers: [] })
    const coloured = explanationText(explanation, { parts, types }, painter(true))
    assert.match(coloured, sgr)
    assert.equal(coloured.replaceAll(sgr, ''), explanationText(explanation, { parts, types }))
  }
  const refused = explainRequest(parts, { method: 'GET', url: 'https://a.shop.example/', headers: [] })
  assert.match(explanationText(refused, { parts, types }, painter(true)), /\x1b\[31mrefused/)
})

test('a filter whose owner leaves the request out says so', () => {
  const limited = parseResources(
    'limits.yaml',
    `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: front }
spec: { gatewayClassName: portcullis, listeners: [{ name: any, protocol: HTTP, port: 80 }] }
---
apiVersion: portcullis.dev/v1alpha1
kind: TrafficPolicy
metadata: { name: limits }
spec:
  targetRefs: [{ group: gateway.networking.k8s.io, kind: Gateway, name: front }]
  rateLimits: [{ name: all, requests: 5, unit: Second, by: All }]
  addresses: { deny: [10.0.0.0/8] }
  except: [{ paths: [{ value: /health }], methods: [GET] }]
`,
  )
  assert.deepEqual(limited.problems, [])
  const { parts: met } = translate(Resources.of(limited.resources))
  for (const [method, path, isExcepted] of [
    ['GET', '/health/live', true],
    ['POST', '/health/live', false],
    ['GET', '/healthy', false],
    ['GET', '/health%2Fadmin', false],
  ] as const) {
    const explanation = explainRequest(met, { method, url: `http://a.example${path}`, headers: [] })
    const filters = explanationText(explanation, { parts: met, types }).match(/^filter .*$/gm) ?? []
    assert.equal(filters.length, 2)
    for (const filter of filters)
      assert.equal(filter.includes(', ingress: not for this request (spec.except): '), isExcepted, filter)
    const { filters: data = [] } = explanationJson(explanation, { parts: met, types })
    assert.deepEqual(
      data.map(({ excepted }) => excepted),
      [isExcepted, isExcepted],
    )
  }
})

test('what has closed a rule is told beside its answer', () => {
  const closed = parseResources(
    'closed.yaml',
    `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: front }
spec:
  gatewayClassName: portcullis
  listeners: [{ name: any, protocol: HTTP, port: 80 }, { name: office, protocol: HTTP, port: 81 }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: shop }
spec:
  parentRefs: [{ name: front }]
  rules:
    - { name: cart, matches: [{ path: { value: /cart } }], backendRefs: [{ group: portcullis.dev, kind: Backend, name: up }] }
    - backendRefs: [{ group: portcullis.dev, kind: Backend, name: up }]
---
apiVersion: portcullis.dev/v1alpha1
kind: Backend
metadata: { name: up }
spec: { endpoints: [{ address: 10.0.0.1, port: 9000 }] }
---
apiVersion: portcullis.dev/v1alpha1
kind: TrafficPolicy
metadata: { name: users }
spec:
  targetRefs:
    - { group: gateway.networking.k8s.io, kind: HTTPRoute, name: shop, sectionName: cart }
    - { group: gateway.networking.k8s.io, kind: Gateway, name: front, sectionName: office }
  basicAuth: { secretRef: { name: nobody } }
`,
  )
  assert.deepEqual(closed.problems, [])
  const world = Resources.of(closed.resources)
  const { parts: served, conditions: found } = translate(world)
  for (const [url, expected] of [
    ['http://a.example/cart', ['HTTPRoute/default/shop spec.rules[0]']],
    ['http://a.example/', []],
    ['http://a.example:81/', ['Gateway/default/front spec.listeners[1]']],
    [
      'http://a.example:81/cart',
      ['HTTPRoute/default/shop spec.rules[0]', 'Gateway/default/front spec.listeners[1]'],
    ],
  ] as const) {
    const explanation = explainRequest(served, { method: 'GET', url, headers: [] })
    const text = explanationText(explanation, {
      parts: served,
      types,
      policies: policyNames(found, world, kinds),
    })
    const lines = text.match(/^closed +.*$/gm) ?? []
    assert.deepEqual(
      lines.map(line => line.replace(/^closed +/, '').replace(/: .*/, '')).toSorted(),
      [...expected].toSorted(),
    )
    for (const line of lines) assert.match(line, /TrafficPolicy default\/users protects it/)
  }
})

test('a stream whose backend is not there is closed, and answered nothing', () => {
  const lost = parseResources(
    'lost.yaml',
    `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: tls }
spec:
  gatewayClassName: portcullis
  listeners: [{ name: pass, protocol: TLS, port: 443, hostname: a.example, tls: { mode: Passthrough } }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: TLSRoute
metadata: { name: db }
spec:
  parentRefs: [{ name: tls }]
  hostnames: [a.example]
  rules: [{ backendRefs: [{ group: portcullis.dev, kind: Backend, name: gone }] }]
`,
  )
  const { parts: served } = translate(Resources.of(lost.resources))
  const explanation = explainRequest(served, { method: 'GET', url: 'https://a.example/', headers: [] })
  assert.match(
    explanationText(explanation, { parts: served, types }),
    /^cluster +none, weight 1 of 1: the reference is invalid, the connection is closed$/m,
  )
})

suite('bytes and datagrams of a port', () => {
  const route = (kind: string, name: string): string => `---
apiVersion: gateway.networking.k8s.io/v1
kind: ${kind}
metadata: { name: ${name} }
spec:
  parentRefs: [{ name: data, sectionName: ${name} }]
  rules: [{ backendRefs: [{ group: portcullis.dev, kind: Backend, name: ${name} }] }]
---
apiVersion: portcullis.dev/v1alpha1
kind: Backend
metadata: { name: ${name} }
spec: { protocol: ${kind === 'UDPRoute' ? 'udp' : 'tcp'}, endpoints: [{ address: 10.0.0.5, port: 53 }] }
`
  const bytes = translate(
    Resources.of(
      parseResources(
        'data.yaml',
        `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: data }
spec:
  gatewayClassName: portcullis
  listeners:
    - { name: tcp, protocol: TCP, port: 53 }
    - { name: udp, protocol: UDP, port: 53 }
    - { name: none, protocol: TCP, port: 54 }
${route('TCPRoute', 'tcp')}${route('UDPRoute', 'udp')}`,
      ).resources,
    ),
  ).parts
  for (const [url, outcome, expected] of [
    ['tcp://db.example:53', 'routed', /^cluster +Backend\/default\/tcp, weight 1 of 1: 10\.0\.0\.5:53$/m],
    [
      'udp://db.example:53',
      'routed',
      /^cluster +Backend\/default\/udp \(udp\), weight 1 of 1: 10\.0\.0\.5:53$/m,
    ],
    ['tcp://db.example:53', 'routed', /^limits +1024 connections, shared by client, .*silent for 3600s/m],
    ['udp://db.example:53', 'routed', /^limits +sessions silent for 120s, ejected after 5 failures/m],
    ['tcp://db.example:54', 'no-route', /^route +none matches: the connection is closed$/m],
    ['udp://db.example:54', 'refused', /^refused +port 54 is for TCP, expected tcp:\/\/$/m],
    ['http://db.example:53/', 'refused', /^refused +port 53 is for (TCP|UDP), expected (tcp|udp):\/\/$/m],
    ['tcp://db.example:55', 'no-port', /nothing listens on port 55/],
  ] as const)
    test(`${url}: ${String(expected)}`, () => {
      const explanation = explainRequest(bytes, { method: 'GET', url, headers: [] })
      assert.equal(explanation.outcome, outcome)
      assert.match(explanationText(explanation, { parts: bytes, types }), expected)
      assert.equal(explanationJson(explanation, { parts: bytes, types }).outcome, outcome)
    })
})
