// What `kubectl apply -f deploy/` makes, on a real API server: its account is enough for the real program to serve and to
// tell what it made of the objects, and for nothing else.
import assert from 'node:assert/strict'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { send } from '../support/client.ts'
import { freePort, RunProcess } from '../support/process.ts'
import { RealCluster } from '../support/real-cluster.ts'
import { TestUpstream } from '../support/upstream.ts'

const root = join(import.meta.dirname, '../..')
const NAMESPACE = 'portcullis-system'
const ACCOUNT = `system:serviceaccount:${NAMESPACE}:portcullis`

/** The definitions of Gateway API, where `.ci/run` has laid them down. */
function gatewayApi(): readonly string[] | null {
  const folder = process.env['GATEWAY_API']
  if (folder !== undefined)
    return globSync(join(folder, 'config/crd/standard/gateway.networking.k8s.io_*s.yaml'))
  if (process.env['CI']) throw new Error('GATEWAY_API names no folder (.ci/run), and CI must not skip')
  return null
}

const objects = (port: number, upstream: number) => `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: front, namespace: default }
spec:
  gatewayClassName: portcullis
  addresses: [{ value: 127.0.0.1 }]
  listeners: [{ name: http, protocol: HTTP, port: ${port} }]
---
apiVersion: portcullis.dev/v1alpha1
kind: Backend
metadata: { name: items, namespace: default }
spec: { endpoints: [{ address: 127.0.0.1, port: ${upstream} }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: items, namespace: default }
spec:
  parentRefs: [{ name: front }]
  rules:
    - matches: [{ path: { type: PathPrefix, value: /items } }]
      backendRefs: [{ group: portcullis.dev, kind: Backend, name: items }]
---
apiVersion: portcullis.dev/v1alpha1
kind: TrafficPolicy
metadata: { name: few, namespace: default }
spec:
  targetRefs: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, name: items }]
  priority: Critical
---
apiVersion: portcullis.dev/v1alpha1
kind: API
metadata: { name: items, namespace: default }
spec: { routeRefs: [{ name: items }] }
`

/** The server takes it, and we do not: the version before it stays in force. */
const broken = JSON.stringify({
  spec: { rateLimits: [{ name: 'a', requests: 1, unit: 'Second', by: 'Header', header: 'connection' }] },
})

interface Conditioned {
  readonly type: string
  readonly status: string
}

suite('a gateway that kubectl has installed', () => {
  let cluster: RealCluster | null = null

  before(async context => {
    const definitions = gatewayApi()
    if (definitions === null) return
    cluster = await RealCluster.start(context as Parameters<typeof RealCluster.start>[0])
    cluster?.kubectl(['apply', '--server-side', ...definitions.flatMap(file => ['-f', file])])
    cluster?.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s'])
    cluster?.kubectl(['apply', '--server-side', '-f', join(root, 'deploy')])
    cluster?.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s'])
  })

  after(async () => {
    await cluster?.[Symbol.asyncDispose]()
  })

  test('the kustomization is the same', t => {
    if (cluster === null) return t.skip('no API server')
    const names = (yaml: string) =>
      parseAllDocuments(yaml)
        .map(one => one.toJS() as { kind: string; metadata: { name: string } })
        .map(({ kind, metadata }) => `${kind}/${metadata.name}`)
        .toSorted()
    const whole = readFileSync(join(root, 'deploy/install.yaml'), 'utf8')
    assert.deepEqual(names(cluster.kubectl(['kustomize', join(root, 'deploy/kustomize')])), names(whole))
  })

  test('its account may do what is needed, and no more', t => {
    if (cluster === null) return t.skip('no API server')
    const may = (...asked: string[]) => cluster!.tryKubectl(['auth', 'can-i', ...asked, `--as=${ACCOUNT}`]).ok
    const table: readonly (readonly [boolean, ...string[]])[] = [
      [true, 'list', 'secrets', '-A'],
      [true, 'watch', 'httproutes.gateway.networking.k8s.io', '-A'],
      [true, 'watch', 'endpointslices.discovery.k8s.io', '-A'],
      [true, 'patch', 'httproutes.gateway.networking.k8s.io', '--subresource=status', '-A'],
      [true, 'watch', 'ingresses.networking.k8s.io', '-A'],
      [true, 'patch', 'ingresses.networking.k8s.io', '--subresource=status', '-A'],
      [false, 'patch', 'ingresses.networking.k8s.io', '-A'],
      [true, 'patch', 'trafficpolicies.portcullis.dev', '--subresource=status', '-A'],
      [true, 'create', 'leases.coordination.k8s.io', '-n', NAMESPACE],
      [true, 'update', 'leases.coordination.k8s.io/portcullis', '-n', NAMESPACE],
      [false, 'update', 'leases.coordination.k8s.io/other', '-n', NAMESPACE],
      [false, 'create', 'leases.coordination.k8s.io', '-n', 'default'],
      [false, 'patch', 'httproutes.gateway.networking.k8s.io', '-A'],
      [false, 'patch', 'secrets', '-A'],
      [false, 'create', 'secrets', '-A'],
      [true, 'create', 'services', '-n', NAMESPACE],
      [true, 'patch', 'services', '-n', NAMESPACE],
      [true, 'delete', 'services', '-n', NAMESPACE],
      [true, 'get', 'services/portcullis', '-n', NAMESPACE],
      [false, 'update', 'services', '-n', NAMESPACE],
      // Of these the admission policy leaves names of Gateways (gateway-aliases.test.ts).
      [true, 'create', 'services', '-n', 'default'],
      [true, 'patch', 'services', '-A'],
      [true, 'delete', 'services', '-A'],
      [false, 'update', 'services', '-A'],
      [false, 'get', 'services', '-n', 'default'],
      [true, 'create', 'deployments.apps', '-n', NAMESPACE],
      [true, 'patch', 'deployments.apps', '-n', NAMESPACE],
      [true, 'delete', 'deployments.apps', '-n', NAMESPACE],
      [false, 'update', 'deployments.apps', '-n', NAMESPACE],
      [false, 'list', 'deployments.apps', '-A'],
      [false, 'create', 'deployments.apps', '-n', 'default'],
      [true, 'create', 'poddisruptionbudgets.policy', '-n', NAMESPACE],
      [false, 'delete', 'poddisruptionbudgets.policy', '-n', NAMESPACE],
      [false, 'create', 'poddisruptionbudgets.policy', '-n', 'default'],
      [false, 'list', 'pods', '-A'],
      [false, 'create', 'pods', '--subresource=exec', '-A'],
    ]
    const wrong = table.filter(([expected, ...asked]) => may(...asked) !== expected)
    assert.deepEqual(wrong, [])
  })

  test('its Pods are within the strictest standard for Pods', async t => {
    if (cluster === null) return t.skip('no API server')
    const { template } = (
      JSON.parse(cluster.kubectl(['get', 'deployment', 'portcullis', '-n', NAMESPACE, '-o', 'json'])) as {
        readonly spec: { readonly template: { readonly metadata: object; readonly spec: object } }
      }
    ).spec
    const path = `/api/v1/namespaces/${NAMESPACE}/pods?dryRun=All`
    const pod = (spec: object) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'one' }, spec })
    const { status, body, warnings } = await cluster.ask('POST', path, pod(template.spec))
    assert.deepEqual([status, warnings], [201, []], body)
    const loose = await cluster.ask('POST', path, pod({ ...template.spec, securityContext: {} }))
    assert.equal(loose.status, 403)
  })

  test('as that account it serves, and tells what became of the objects', async t => {
    if (cluster === null) return t.skip('no API server')
    await using upstream = await TestUpstream.start((_, response) => response.end('items'))
    const port = await freePort()
    cluster.kubectl(['apply', '--server-side', '-f', '-'], objects(port, upstream.port))
    const token = cluster.kubectl(['create', 'token', 'portcullis', '-n', NAMESPACE]).trim()
    const kubeconfig = join(cluster.folder, 'of-the-account')
    writeFileSync(kubeconfig, cluster.configFor(token, NAMESPACE))
    await using run = await RunProcess.start(
      [],
      '--kubernetes',
      `--kubeconfig=${kubeconfig}`,
      '--workers=1',
      '--roles=ingress,composition,management',
      `--data=${join(cluster.folder, 'data')}`,
      '--publish=service/portcullis-system/portcullis',
    )
    await run.started()
    assert.equal((await send(port, { path: '/items' })).body, 'items')
    const wait = (condition: string, object: string) =>
      cluster!.tryKubectl(['wait', `--for=${condition}`, object, '--timeout=60s'])
    for (const [condition, object] of [
      ['condition=Accepted', 'gatewayclass/portcullis'],
      ['condition=Programmed', 'gateway/front'],
      ['jsonpath={.status.parents[0].conditions[?(@.type=="Accepted")].status}=True', 'httproute/items'],
      ['jsonpath={.status.ancestors[0].conditions[?(@.type=="Accepted")].status}=True', 'trafficpolicy/few'],
      ['jsonpath={.status.ancestors[0].conditions[?(@.type=="Accepted")].status}=True', 'api/items'],
    ] as const) {
      const { ok, said } = await Promise.resolve(wait(condition, object))
      assert.ok(ok, `${object}: ${said}`)
    }
    const { body } = await cluster.ask(
      'GET',
      '/apis/gateway.networking.k8s.io/v1/namespaces/default/httproutes/items',
    )
    const { status, metadata } = JSON.parse(body) as {
      readonly metadata: { readonly generation: number }
      readonly status: {
        readonly parents: readonly {
          readonly controllerName: string
          readonly conditions: readonly (Conditioned & { readonly observedGeneration: number })[]
        }[]
      }
    }
    assert.deepEqual(
      status.parents.map(({ controllerName }) => controllerName),
      ['portcullis.dev/gateway'],
    )
    const said = new Map(status.parents[0]!.conditions.map(one => [one.type, one]))
    assert.deepEqual([...said.keys()].toSorted(), ['Accepted', 'ResolvedRefs'])
    for (const { status: holds, observedGeneration } of said.values())
      assert.deepEqual([holds, observedGeneration], ['True', metadata.generation])
    cluster.kubectl(['patch', 'trafficpolicy', 'few', '--type=merge', '-p', broken])
    const kept = wait('condition=Current=False', 'trafficpolicy/few')
    assert.ok(kept.ok, kept.said)
    for (const object of ['trafficpolicy/few', 'api/items'])
      assert.match(cluster.kubectl(['get', object]), /(few|items)\s+True/)
    assert.equal(await run.stop(), 0)
    const told = run.log.all.map(line => JSON.stringify(line)).join('\n')
    assert.doesNotMatch(told, /forbidden|"level":"error"/i)
  })
})
