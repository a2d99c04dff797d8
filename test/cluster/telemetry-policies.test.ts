// XTelemetryPolicy on a real API server: a cluster that has not its definition is served, and one that gets it has spans
// and statuses as the definition wants them.
import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { suite, test } from 'node:test'
import { TestCollector } from '../support/collector.ts'
import { freePort, RunProcess } from '../support/process.ts'
import { RealCluster } from '../support/real-cluster.ts'
import { TestUpstream } from '../support/upstream.ts'

const root = join(import.meta.dirname, '../..')
const POLICIES = '/apis/gateway.networking.x-k8s.io/v1alpha1/namespaces/default/xtelemetrypolicies'

const objects = (port: number, upstream: number, collector: number) => `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: front, namespace: default }
spec: { gatewayClassName: portcullis, listeners: [{ name: http, protocol: HTTP, port: ${port} }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: items, namespace: default }
spec:
  parentRefs: [{ name: front }]
  rules: [{ backendRefs: [{ group: portcullis.dev, kind: Backend, name: items }] }]
---
apiVersion: portcullis.dev/v1alpha1
kind: Backend
metadata: { name: items, namespace: default }
spec: { endpoints: [{ address: 127.0.0.1, port: ${upstream} }] }
---
apiVersion: portcullis.dev/v1alpha1
kind: Backend
metadata: { name: otel, namespace: default }
spec: { endpoints: [{ address: 127.0.0.1, port: ${collector} }] }
`

const policy = (name: string, numerator: number) => `
apiVersion: gateway.networking.x-k8s.io/v1alpha1
kind: XTelemetryPolicy
metadata: { name: ${name}, namespace: default }
spec:
  targetRefs: [{ group: gateway.networking.k8s.io, kind: Gateway, name: front }]
  tracing:
    mode: Enabled
    provider:
      backendRef: { group: portcullis.dev, kind: Backend, name: otel }
      headers: [{ name: X-Key, value: k }]
    samplingRate: { numerator: ${numerator}, denominator: 100 }
    parentBasedSampling: { mode: Enabled, samplingRate: { numerator: 1, denominator: 1 } }
    serviceName: front
    spanName: front request
    attributes:
      - { name: tier, sourceType: Literal, literalValue: edge }
      - { name: tenant, sourceType: Header, headerName: X-Tenant }
      - { name: code, sourceType: Attribute, attributeKey: http.response.status_code }
`

interface Listed {
  readonly items: readonly {
    readonly metadata: { readonly name: string }
    readonly status?: {
      readonly ancestors?: readonly {
        readonly conditions: readonly { readonly type: string; readonly reason: string }[]
      }[]
    }
  }[]
}

suite('XTelemetryPolicy of a cluster', () => {
  test('is done without where it is not defined, and served where it is', async t => {
    const folder = process.env['GATEWAY_API']
    if (folder === undefined) {
      if (process.env['CI']) throw new Error('GATEWAY_API names no folder (.ci/run), and CI must not skip')
      return t.skip('GATEWAY_API names no folder')
    }
    const started = await RealCluster.start(t)
    if (started === null) return
    await using cluster = started
    await using upstream = await TestUpstream.start((_, response) => response.end('items'))
    await using collector = await TestCollector.start()
    const define = (files: readonly string[]): void => {
      cluster.kubectl(['apply', '--server-side', ...files.flatMap(file => ['-f', file])])
      cluster.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s'])
    }
    const apply = (yaml: string): void => void cluster.kubectl(['apply', '--server-side', '-f', '-'], yaml)
    define([
      ...globSync(join(folder, 'config/crd/standard/gateway.networking.k8s.io_*s.yaml')),
      join(root, 'deploy/kustomize/crds.yaml'),
    ])
    const port = await freePort()
    apply(objects(port, upstream.port, collector.port))
    await using run = await RunProcess.start(
      [],
      '--kubernetes',
      `--kubeconfig=${cluster.kubeconfig}`,
      '--workers=1',
      '--roles=ingress',
      '--lease=default/portcullis',
      '--publish=192.0.2.1',
      `--data=${join(cluster.folder, 'data')}`,
    )
    await run.started()
    const get = async (headers: Readonly<Record<string, string>> = {}): Promise<string> =>
      (await fetch(`http://127.0.0.1:${port}/`, { headers })).text()
    assert.equal(await get(), 'items')

    define([join(folder, 'config/crd/experimental/gateway.networking.x-k8s.io_xtelemetrypolicies.yaml')])
    assert.throws(() => apply(policy('bad', 101)), /less than or equal to denominator/)
    apply(policy('a', 100))
    apply(policy('b', 100))
    const said = async (): Promise<string> => {
      const { items } = JSON.parse((await cluster.ask('GET', POLICIES)).body) as Listed
      return items
        .flatMap(({ metadata, status }) =>
          (status?.ancestors ?? []).flatMap(({ conditions }) =>
            conditions.map(({ type, reason }) => `${metadata.name} ${type} ${reason}`),
          ),
        )
        .join(', ')
    }
    const expected = 'a Accepted Accepted, a ResolvedRefs ResolvedRefs, b Accepted Conflicted'
    while ((await said()) !== expected) await delay(50)
    await get({ 'x-tenant': 'ada' })
    const [span] = await collector.spans.count(2).then(spans => spans.filter(({ kind }) => kind === 2))
    assert.deepEqual(collector.faults, [])
    assert.equal(span!.name, 'front request')
    assert.partialDeepStrictEqual(span!.attributes, { tier: 'edge', tenant: 'ada', code: 200 })
    assert.equal(collector.resource['service.name'], 'front')
  })
})
