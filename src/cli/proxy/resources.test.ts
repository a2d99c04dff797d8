import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Resources } from '../../model/resources.ts'
import { parseResources } from '../../../test/support/declared.ts'
import { translate } from '../../../test/support/translate.ts'
import { readListen, readMapping } from './mapping.ts'
import { formatYaml } from '../files/format.ts'
import { resourcesOf } from './resources.ts'

const yamlFor = (...mappings: readonly string[]) =>
  resourcesOf(readListen(':8080'), mappings.map(readMapping), '')

test('is what a person would write', () => {
  assert.equal(
    yamlFor('shop.localhost=:9000', '/api=http://10.0.0.7:9001/base'),
    `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: proxy }
spec:
  gatewayClassName: portcullis
  listeners:
    - { name: http, protocol: HTTP, port: 8080 }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: shop.localhost }
spec:
  parentRefs:
    - { name: proxy }
  hostnames:
    - shop.localhost
  rules:
    - backendRefs:
        - { group: portcullis.dev, kind: Backend, name: shop.localhost }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: any-host }
spec:
  parentRefs:
    - { name: proxy }
  rules:
    - matches:
        - path: { type: PathPrefix, value: /api }
      filters:
        - type: URLRewrite
          urlRewrite:
            path: { type: ReplacePrefixMatch, replacePrefixMatch: /base }
      backendRefs:
        - { group: portcullis.dev, kind: Backend, name: any-host-api }
---
apiVersion: portcullis.dev/v1alpha1
kind: Backend
metadata: { name: shop.localhost }
spec:
  endpoints:
    - { address: 127.0.0.1, port: 9000 }
---
apiVersion: portcullis.dev/v1alpha1
kind: Backend
metadata: { name: any-host-api }
spec:
  endpoints:
    - { address: 10.0.0.7, port: 9001 }
`,
  )
})

test('a final "/" of the backend takes the prefix off; in place of "/" it is nothing', () => {
  assert.match(yamlFor('/api=http://10.0.0.7:9001/'), /replacePrefixMatch: \/ }/)
  assert.doesNotMatch(yamlFor('http://10.0.0.7:9001/'), /URLRewrite/)
  assert.doesNotMatch(yamlFor('/api=http://10.0.0.7:9001'), /URLRewrite/)
})

// What validation and translation would object to is a fault of ours, whatever was typed.
for (const mappings of [
  [':9000'],
  ['*.shop.example=:9000', 'shop.example=:9000', '/=:9000'],
  ['/a.b=:1', '/a-b=:2', '/a_b=:3', '/A-B=:4'],
  ['/api=https://api.example/v1', '/other=h2c://:9000,:9001', '/six=[::1]:9000'],
  [`/${'long/'.repeat(60)}=:9000`, `${'a'.repeat(60)}.example/${'x'.repeat(250)}=:9000`],
  ["/it's(fine)!$&+;=:9000"],
])
  test(`serves ${mappings.join(' ').slice(0, 80)} without a complaint`, () => {
    const { resources, problems } = parseResources('proxy', yamlFor(...mappings))
    assert.deepEqual(problems, [])
    assert.equal(formatYaml(yamlFor(...mappings)), yamlFor(...mappings), 'fmt would write it otherwise')
    const { conditions, parts } = translate(Resources.of(resources))
    const bad = conditions.filter(({ status, type }) => (status === 'False') !== (type === 'Conflicted'))
    assert.deepEqual(bad, [])
    assert.equal(parts.clusters.length, mappings.length)
  })
