import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { inForceOf, seenOf } from '../../../test/support/in-force.ts'
import type { RuleQuery } from '../shapes/rule.ts'
import { gatewayViews } from './topology.ts'
import { rulePage, ruleView } from './rules.ts'
import { Views } from './views.ts'

const backend = (name: string): string => `{ group: portcullis.dev, kind: Backend, name: ${name} }`
const text = `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: front }
spec:
  gatewayClassName: portcullis
  listeners:
    - { name: http, protocol: HTTP, port: 80 }
    - { name: office, protocol: HTTP, port: 81 }
    - { name: pass, protocol: TLS, port: 443, tls: { mode: Passthrough } }
    - { name: lost, protocol: HTTPS, port: 444, tls: { certificateRefs: [{ name: gone }] } }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: shop }
spec:
  parentRefs: [{ name: front, sectionName: http }, { name: front, sectionName: office }]
  hostnames: [shop.example, "*.shop.example"]
  rules:
    - name: cart
      matches: [{ path: { value: /cart } }, { path: { type: Exact, value: /basket }, method: POST }]
      filters:
        - { type: ResponseHeaderModifier, responseHeaderModifier: { set: [{ name: X-A, value: a }] } }
        - { type: RequestMirror, requestMirror: { backendRef: ${backend('copies')}, percent: 10 } }
      timeouts: { request: 2s }
      retry: { attempts: 2, codes: [503], backoff: 10ms }
      backendRefs: SHARED
    - matches: [{ path: { value: /old } }]
      filters: [{ type: RequestRedirect, requestRedirect: { hostname: new.example, statusCode: 302 } }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: nowhere }
spec:
  parentRefs: [{ name: front, sectionName: http }]
  rules: [{ backendRefs: [${backend('gone')}] }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: TLSRoute
metadata: { name: db }
spec:
  parentRefs: [{ name: front, sectionName: pass }]
  hostnames: [db.example]
  rules: [{ backendRefs: [${backend('up')}] }]
---
apiVersion: portcullis.dev/v1alpha1
kind: Backend
metadata: { name: up }
spec: { endpoints: [{ address: 10.0.0.1, port: 9000 }] }
---
apiVersion: portcullis.dev/v1alpha1
kind: Backend
metadata: { name: copies }
spec: { endpoints: [{ address: 10.0.0.2, port: 9000 }] }
---
apiVersion: portcullis.dev/v1alpha1
kind: TrafficPolicy
metadata: { name: limits }
spec:
  targetRefs: [{ group: gateway.networking.k8s.io, kind: Gateway, name: front, sectionName: http }]
  rateLimits: [{ name: all, requests: 10, unit: Second, by: ClientAddress }]
---
apiVersion: portcullis.dev/v1alpha1
kind: TrafficPolicy
metadata: { name: users }
spec:
  targetRefs: [{ group: gateway.networking.k8s.io, kind: Gateway, name: front, sectionName: office }]
  basicAuth: { secretRef: { name: nobody } }
`.replace('SHARED', `[{ group: portcullis.dev, kind: Backend, name: up, weight: 3 }, ${backend('gone')}]`)

const source = await new Views(seenOf(inForceOf(text))).indexed()
const ids = (query: Partial<RuleQuery>): readonly string[] =>
  rulePage(source, { limit: 100, ...query }).items.map(({ id }) => id)
const cart = 'httproute/default/shop/cart'
const old = 'httproute/default/shop/1'
const nowhere = 'httproute/default/nowhere/0'
const db = 'tlsroute/default/db/0'

suite('rules', () => {
  for (const [query, expected] of [
    [{}, [nowhere, old, cart, db]],
    [{ q: 'BASKET' }, [cart]],
    [{ q: 'db.exam' }, [db]],
    [{ q: 'backend/default/copies' }, [cart]],
    [{ q: '.*' }, []],
    [{ listener: 'default/front/office' }, [old, cart]],
    [{ gateway: 'default/front' }, [nowhere, old, cart, db]],
    [{ gateway: 'default/fron' }, []],
    [{ route: 'HTTPRoute/default/shop' }, [old, cart]],
    [{ cluster: 'Backend/default/up' }, [cart, db]],
    [{ closed: true }, [old, cart]],
    [{ closed: false, listener: 'default/front/http' }, [nowhere]],
    [{ id: [cart, 'gone', db] }, [cart, db]],
    [{ id: old }, [old]],
  ] as const)
    test(`asked for by ${JSON.stringify(query)}`, () => assert.deepEqual(ids(query), expected))

  test('pages of any size have each of them once', () => {
    for (const limit of [1, 2, 3, 4, 5]) {
      const seen: string[] = []
      let cursor: string | null | undefined
      for (let pages = 0; cursor !== null && pages < 10; pages++) {
        const page = rulePage(source, { limit, ...(cursor === undefined ? {} : { cursor }) })
        assert.equal(page.total, 4)
        seen.push(...page.items.map(({ id }) => id))
        cursor = page.next
      }
      assert.deepEqual(seen, [nowhere, old, cart, db], `${limit} a page`)
    }
  })

  test('a rule says what it takes, what it does, where it is closed and why', () => {
    const { origin, conditions, ...rule } = ruleView(source, cart)!
    assert.equal(
      `${origin.resource} ${origin.path} ${origin.file}`,
      'HTTPRoute/default/shop spec.rules[0] shop.yaml',
    )
    assert.ok(origin.line > 1)
    assert.ok(conditions.some(({ type, good }) => type === 'ResolvedRefs' && !good))
    const { filters, closedBy, ...rest } = rule
    assert.deepEqual(
      filters.map(({ phase, role, summary }) => [phase, role, summary]),
      [['headers', 'ingress', 'response-headers set X-A']],
    )
    assert.match(closedBy.join(), /TrafficPolicy default\/users protects it/)
    assert.deepEqual(rest, {
      id: cart,
      stream: false,
      listeners: ['default/front/http', 'default/front/office'],
      hostnames: ['shop.example', '*.shop.example'],
      matches: [
        {
          path: { type: 'exact', value: '/basket' },
          method: 'POST',
          headers: [],
          query: [],
          summary: 'path exact /basket, method POST',
        },
        {
          path: { type: 'prefix', value: '/cart' },
          method: '',
          headers: [],
          query: [],
          summary: 'path prefix /cart',
        },
      ],
      action: {
        type: 'forward',
        summary:
          'Backend/default/up 75 %, nowhere 25 %; copies to Backend/default/copies; repeated 2 more, on 503, after 10 ms',
        backends: [
          { cluster: 'Backend/default/up', weight: 3, share: 0.75, closed: false, filters: [] },
          { cluster: null, weight: 1, share: 0.25, closed: false, filters: [] },
        ],
        mirrors: [{ cluster: 'Backend/default/copies', numerator: 10, denominator: 100 }],
        requestTimeoutMs: 2_000,
        backendTimeoutMs: null,
        retry: { attempts: 2, codes: [503], backoffMs: 10 },
        grpc: false,
      },
      closed: false,
      closedOn: ['default/front/office'],
    })
  })

  for (const [id, action] of [
    [old, { type: 'redirect', summary: 'redirect 302: host new.example', status: 302 }],
    [
      nowhere,
      {
        type: 'respond',
        summary: 'by the gateway: 500 destination_not_found, the route has no valid backend',
        status: 500,
        failure: 'destination_not_found',
      },
    ],
  ] as const)
    test(`what ${id} does`, () => assert.deepEqual(ruleView(source, id)?.action, action))

  test('a rule for connections has no matches of requests', () => {
    const { stream, matches, hostnames, action } = ruleView(source, db)!
    assert.deepEqual([stream, matches, hostnames], [true, [], ['db.example']])
    assert.equal(action.summary, 'Backend/default/up')
  })

  test('there is none of another id', () => assert.equal(ruleView(source, 'gone'), null))
})

suite('gateways', () => {
  const listenersOf = (query: Parameters<typeof gatewayViews>[1]) =>
    gatewayViews(source, query).flatMap(({ listeners }) => listeners)

  test('listeners say what serves them, and which do not', () => {
    assert.deepEqual(
      listenersOf({}).map(({ name, ports, protocol, programmed, rules, tls }) => [
        name,
        ports.map(({ key }) => key).join(),
        protocol,
        programmed,
        rules,
        tls?.mode ?? '',
      ]),
      [
        ['default/front/http', '*:80', 'HTTP', true, 3, ''],
        ['default/front/office', '*:81', 'HTTP', true, 2, ''],
        ['default/front/pass', '*:443', 'TLS', true, 1, 'passthrough'],
        ['default/front/lost', '', 'HTTPS', false, 0, 'refuse'],
      ],
    )
  })

  test('a listener has the filters that all of its requests meet, with what put them there', () => {
    const [http] = listenersOf({ listener: 'default/front/http' })
    assert.deepEqual(
      http?.filters.map(({ phase, summary, origin }) => [phase, summary, origin.resource]),
      [['limits', 'all 10 per second, burst 10, by client address', 'TrafficPolicy/default/limits']],
    )
    assert.match(http?.limits ?? '', /^request line /)
  })

  test('those that are not asked for are left out', () => {
    assert.deepEqual(gatewayViews(source, { gateway: 'default/other' }), [])
    assert.deepEqual(gatewayViews(source, { listener: 'default/front/none' }), [])
  })

  test('what a ListenerSet adds is among them, with what is said of it there', async () => {
    const more = `
---
apiVersion: gateway.networking.k8s.io/v1
kind: ListenerSet
metadata: { name: more }
spec:
  parentRef: { name: front }
  listeners: [{ name: http, protocol: HTTP, port: 82 }, { name: taken, protocol: HTTP, port: 80 }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: more }
spec:
  parentRefs: [{ kind: ListenerSet, name: more }]
  rules: [{ backendRefs: [${backend('up')}] }]
`
    const allowing = text.replace(
      'gatewayClassName: portcullis',
      'gatewayClassName: portcullis\n  allowedListeners: { namespaces: { from: Same } }',
    )
    const [gateway] = gatewayViews(await new Views(seenOf(inForceOf(allowing + more))).indexed())
    assert.deepEqual(
      gateway?.listeners
        .slice(-2)
        .map(({ name, section, programmed, rules, origin }) => [
          name,
          section,
          programmed,
          rules,
          origin.resource,
        ]),
      [
        ['default/front/default:more:http', 'http', true, 1, 'ListenerSet/default/more'],
        ['default/front/default:more:taken', 'taken', false, 0, 'ListenerSet/default/more'],
      ],
    )
  })

  test('a port that cannot be listened on is told of', async () => {
    const inForce = inForceOf(text)
    const portErrors = [{ key: '*:80', error: 'EADDRINUSE' }]
    const lost = { ...inForce, status: { ...inForce.status, portErrors } }
    const [gateway] = gatewayViews(await new Views(seenOf(lost)).indexed())
    assert.deepEqual(gateway?.listeners[0]?.ports, [
      { key: '*:80', error: 'it is in use by another program' },
    ])
  })
})
