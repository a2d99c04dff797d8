import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Resources } from '../../model/resources.ts'
import { kinds, parseResources } from '../../../test/support/declared.ts'
import { translate, types } from '../../../test/support/translate.ts'
import { explanationText } from './text.ts'
import { explainRequest } from './explanation.ts'
import { policyNames } from './policy-names.ts'

const { resources, problems } = parseResources(
  'calls.yaml',
  `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: front }
spec:
  gatewayClassName: portcullis
  listeners: [{ name: any, protocol: HTTP, port: 80 }]
---
apiVersion: v1
kind: Service
metadata: { name: items }
spec: { clusterIP: 10.0.0.1, ports: [{ name: grpc, port: 9000 }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: { name: calls }
spec:
  parentRefs: [{ name: front }]
  rules:
    - matches:
        - { method: { service: shop.Items, method: Get }, headers: [{ name: version, value: two }] }
        - { method: { method: Check } }
      backendRefs: [{ name: items, port: 9000 }]
    - name: rest
      matches: [{ method: { service: shop.Items } }]
      filters: [{ type: RequestHeaderModifier, requestHeaderModifier: { remove: [a] } }]
      backendRefs: [{ name: items, port: 9000 }]
---
apiVersion: portcullis.dev/v1alpha1
kind: BackendPolicy
metadata: { name: few }
spec:
  targetRefs: [{ group: "", kind: Service, name: items, sectionName: grpc }]
  connections: { max: 7 }
`,
)
assert.deepEqual(problems, [])
const known = Resources.of(resources)
const { parts, conditions } = translate(known)

function explained(path: string, headers: readonly (readonly [string, string])[] = []): string {
  const asked = explainRequest(parts, { method: 'POST', url: `http://a.example${path}`, headers })
  return explanationText(asked, { parts, types, policies: policyNames(conditions, known, kinds) })
}

for (const [path, headers, expected] of [
  [
    '/shop.Items/Get',
    [['Version', 'two']],
    /^route +grpcroute\/default\/calls\/0, GRPCRoute\/default\/calls spec\.rules\[0\] \(calls\.yaml:20:\d+\)$/m,
  ],
  ['/shop.Items/Get', [['Version', 'two']], /^match +path exact \/shop\.Items\/Get, header version=two$/m],
  [
    '/shop.Items/Get',
    [['Version', 'two']],
    /^not +grpcroute\/default\/calls\/rest: matches, but .* comes first$/m,
  ],
  ['/shop.Items/Get', [], /^route +grpcroute\/default\/calls\/rest, /m],
  ['/shop.Items/Get', [], /^not +grpcroute\/default\/calls\/0: header version is missing$/m],
  [
    '/shop.Items/Get',
    [],
    /^filter +headers, ingress: request-headers remove a, GRPCRoute\/default\/calls spec\.rules\[1\]/m,
  ],
  [
    '/shop.Items/Get',
    [],
    /^cluster +Service\/default\/items:9000 \(h2\), weight 1 of 1: items\.default\.svc:9000$/m,
  ],
  ['/shop.Items/Get', [], /^limits +7 connections, .*; ingress: BackendPolicy\/default\/few \(calls\.yaml:/m],
  ['/shop.Items/Get', [], /^grpc +the client's deadline is kept/m],
  ['/any.Other/Check', [], /^route +grpcroute\/default\/calls\/0, /m],
  ['/any.Other/Get', [], /^route +none matches: 404$/m],
  ['/any.Other/Get', [], /^not +grpcroute\/default\/calls\/rest: path prefix \/shop\.Items does not take/m],
] as const)
  test(`explains ${path} ${headers.length > 0 ? 'with header ' : ''}: ${expected.source.slice(0, 50)}`, () =>
    assert.match(explained(path, headers), expected))
