import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Resources } from '../../model/resources.ts'
import { parseResources } from '../../../test/support/declared.ts'
import { translate, types } from '../../../test/support/translate.ts'
import { explainRequest } from './explanation.ts'
import { explanationJson } from './json.ts'
import { explanationText } from './text.ts'

const { resources, problems } = parseResources(
  'shop.yaml',
  `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: front }
spec:
  gatewayClassName: portcullis
  listeners: [{ name: http, protocol: HTTP, port: 80 }]
---
apiVersion: portcullis.dev/v1alpha1
kind: Backend
metadata: { name: up }
spec: { endpoints: [{ address: 10.0.0.1, port: 9000 }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: shop }
spec:
  parentRefs: [{ name: front }]
  rules:
    - matches:
        - { path: { value: /a }, headers: [{ name: Authorization, value: planted-1 }] }
        - { path: { value: /a }, queryParams: [{ name: token, value: planted-2 }] }
        - { path: { value: /a }, headers: [{ name: X-Api-Key, type: RegularExpression, value: planted-3.* }] }
      filters:
        - { type: RequestHeaderModifier, requestHeaderModifier: { set: [{ name: X-From, value: planted-4 }], add: [{ name: Cookie, value: planted-5 }] } }
      backendRefs:
        - group: portcullis.dev
          kind: Backend
          name: up
          filters: [{ type: RequestHeaderModifier, requestHeaderModifier: { set: [{ name: X-From, value: planted-6 }] } }]
    - backendRefs: [{ group: portcullis.dev, kind: Backend, name: up }]
`,
)
const { parts } = translate(Resources.of(resources))

for (const [url, authorization] of [
  ['http://a.example/a?token=planted-2&code=planted-7', 'planted-1'],
  ['http://a.example/a?token=planted-8', 'Bearer planted-9'],
  ['http://bob:planted-10@a.example/a', 'planted-9'],
  ['https://bob:planted-10@a.example/a', 'planted-9'],
  ['bob:planted-10@a.example/a', 'planted-9'],
  ['http://a.example/?a=planted-no-secret', 'planted-9'],
] as const)
  test(`nothing secret of ${url} is told, nor of what it is compared with`, () => {
    assert.deepEqual(problems, [])
    const asked = {
      method: 'GET',
      url,
      headers: [
        ['Authorization', authorization],
        ['X-Api-Key', 'planted-11'],
      ],
    } as const
    const explanation = explainRequest(parts, asked)
    const told = [
      explanationText(explanation, { parts, types }),
      JSON.stringify(explanationJson(explanation, { parts, types })),
    ]
    for (const text of told) assert.doesNotMatch(text.replaceAll('planted-no-secret', ''), /planted/)
  })
