import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { settle, type FileContent } from './last-good.ts'
import { keyOf } from './resources.ts'
import { contentOf } from './loaded.ts'
import { kinds, parseResources } from '../../test/support/declared.ts'

const declared = (apiVersion: string, kind: string, name = 'shop') =>
  `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: { name: ${name} }\n---\n`

suite('kinds that are none of ours', () => {
  for (const [apiVersion, kind, severity] of [
    ['apps/v1', 'Deployment', 'warning'],
    ['v1', 'ServiceAccount', 'warning'],
    ['v1', 'Pod', 'warning'],
    ['v1', 'Endpoints', 'warning'],
    ['cert-manager.io/v1', 'Certificate', 'warning'],
    // Of the name of one of ours, or near it, or of a later one.
    ['networking.istio.io/v1', 'Gateway', 'warning'],
    ['serving.knative.dev/v1', 'Service', 'warning'],
    ['gateway.envoyproxy.io/v1alpha1', 'Backend', 'warning'],
    ['networking.gke.io/v1', 'GCPBackendPolicy', 'warning'],
    ['security.istio.io/v1', 'AuthorizationPolicy', 'warning'],
    ['kuadrant.io/v1', 'RateLimitPolicy', 'warning'],
    ['traefik.io/v1alpha1', 'TLSOption', 'warning'],
    // A group with a mistake in it, and kinds that Kubernetes does not have there.
    ['gateway.networking.k8s.oi/v1', 'HTTPRoute', 'error'],
    ['portculis.dev/v1alpha1', 'Backend', 'error'],
    ['networking.k8s.io/v1', 'HTTPRoute', 'error'],
    ['networking.x-k8s.io/v1alpha1', 'HTTPRoute', 'error'],
    ['v1', 'Gateway', 'error'],
    ['apps/v1', 'Service', 'error'],
    ['portcullis.dev/v1alpha1', 'ValidationPolicy', 'error'],
    // Misspelt, wherever it claims to belong.
    ['v1', 'Servcie', 'error'],
    ['apps/v1', 'HTTPRuote', 'error'],
    // All kinds of these groups are known by name.
    ['gateway.networking.k8s.io/v1', 'Thing', 'error'],
    ['portcullis.dev/v1alpha1', 'Thing', 'error'],
    ['""', 'Thing', 'error'],
  ] as const)
    test(`${kind} of ${apiVersion}: ${severity}`, () => {
      const [problem] = parseResources('a.yaml', declared(apiVersion, kind)).problems
      assert.equal(problem?.severity, severity)
      assert.match(problem.path.join(), /^(kind|apiVersion)$/)
    })

  test('one of the kind and the name of ours, but another group, is told apart from it at every change', () => {
    const content = (text: string): FileContent => contentOf('a.yaml', text, kinds)
    const foreign =
      'apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: { name: shop }\nspec: {}\n---\n'
    const service = (port: number) =>
      `apiVersion: v1\nkind: Service\nmetadata: { name: shop }\nspec: { ports: [{ port: ${port} }] }\n---\n`
    const before = settle([content(foreign + service(1))], [], () => '')
    for (const text of [foreign + service(2), service(2) + foreign]) {
      const now = settle([content(text)], before.files, () => '')
      assert.deepEqual(
        now.files.flatMap(({ resources }) => resources.map(({ body }) => body)),
        [{ spec: { ports: [{ port: 2 }] } }],
      )
      assert.deepEqual(
        now.problems.map(({ severity }) => severity),
        ['warning'],
      )
    }
    // Nor does it keep ours when that is taken away.
    const gone = settle([content(foreign)], before.files, () => '')
    assert.deepEqual(
      gone.files.flatMap(({ resources }) => resources),
      [],
    )
  })

  test('one of the same name does not keep an object that was taken away', () => {
    const content = (text: string): FileContent => contentOf('a.yaml', text, kinds)
    const map = `${declared('v1', 'ConfigMap').replace('---\n', '')}data: { a: b }\n---\n`
    const before = settle([content(map + declared('apps/v1', 'Deployment'))], [], () => '')
    assert.deepEqual(
      before.files.flatMap(({ resources }) => resources.map(keyOf)),
      ['ConfigMap/default/shop'],
    )
    const now = settle([content(declared('apps/v1', 'Deployment'))], before.files, () => '')
    assert.deepEqual(
      now.files.flatMap(({ resources }) => resources),
      [],
    )
    assert.deepEqual(now.held, [])
    assert.deepEqual(
      now.problems.map(({ severity }) => severity),
      ['warning'],
    )
  })
})

suite('what to use instead is told before anybody mends fields', () => {
  for (const [apiVersion, kind, message] of [
    ['networking.istio.io/v1', 'VirtualService', /^VirtualService of .*: write an HTTPRoute in its place$/],
    [
      'networking.istio.io/v1',
      'Gateway',
      /: write a Gateway of gateway\.networking\.k8s\.io\/v1 in its place$/,
    ],
    ['v1', 'Endpoints', /: write an EndpointSlice of discovery\.k8s\.io\/v1 in its place$/],
    ['traefik.io/v1alpha1', 'IngressRouteTCP', /: write a TCPRoute, or for TLS a TLSRoute in its place$/],
    ['networking.k8s.io/v1', 'NetworkPolicy', /^NetworkPolicy of .* is nothing that is served here$/],
    [
      'portcullis.dev/v1alpha1',
      'TransformationPolicy',
      /^TransformationPolicy is for the role management, which does not read it yet: an HTTPRoute has filters/,
    ],
    ['apps/v1', 'Deployment', /^Deployment of apps\/v1 is nothing that is served here$/],
  ] as const)
    test(`${kind} of ${apiVersion}`, () => {
      const text = declared(apiVersion, kind).replace('---\n', 'spec: { nonsense: true }\n')
      const { problems } = parseResources('a.yaml', text)
      assert.equal(problems.length, 1)
      assert.match(problems[0]?.message ?? '', message)
    })
})
