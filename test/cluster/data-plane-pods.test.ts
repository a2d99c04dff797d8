// Pods of its own for a Gateway, made by Kubernetes' own controllers of Deployments and ReplicaSets: whom they belong to, who
// finds them, and what is said of the Gateway while one version takes the place of another. Nodes are played by the test.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { after, before, suite, test, type TestContext } from 'node:test'
import { startInstalled } from '../support/installed-cluster.ts'
import { freePort, RunProcess } from '../support/process.ts'
import type { RealCluster } from '../support/real-cluster.ts'

const root = join(import.meta.dirname, '../..')
const NAMESPACE = 'portcullis-system'
const MERGE = 'application/merge-patch+json'
const WITHIN_MS = 60_000

const objects = `
apiVersion: portcullis.dev/v1alpha1
kind: GatewayParameters
metadata: { name: own, namespace: default }
spec: { dataPlane: { replicas: 1 } }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: a, namespace: default }
spec:
  gatewayClassName: portcullis
  infrastructure:
    # By which it would be found by the Service of the deployment.
    labels: { app.kubernetes.io/name: portcullis }
    parametersRef: { group: portcullis.dev, kind: GatewayParameters, name: own }
  listeners: [{ name: http, protocol: HTTP, port: 80 }]
`

interface Named {
  readonly metadata: {
    readonly name: string
    readonly annotations?: Readonly<Record<string, string>>
    readonly labels?: Readonly<Record<string, string>>
  }
}

interface Pod extends Named {
  readonly spec: { readonly containers: readonly { readonly image: string }[] }
  readonly status: { readonly conditions?: readonly { readonly type: string }[] }
}

suite('Pods of its own for a Gateway, by the controllers of Kubernetes', () => {
  let cluster: RealCluster | null = null

  before(async context => {
    cluster = await startInstalled(context as TestContext)
    cluster?.control('deployment-controller', 'replicaset-controller', 'garbage-collector-controller')
  })

  after(async () => {
    await cluster?.[Symbol.asyncDispose]()
  })

  const list = async <T extends Named>(path: string, selector = ''): Promise<readonly T[]> => {
    const query = selector === '' ? '' : `?labelSelector=${encodeURIComponent(selector)}`
    const { body } = await cluster!.ask('GET', `${path}${query}`)
    return (JSON.parse(body) as { readonly items: readonly T[] }).items
  }
  const pods = (selector: string): Promise<readonly Pod[]> =>
    list(`/api/v1/namespaces/${NAMESPACE}/pods`, selector)

  /** Pods of a selector, once there are any that are so. */
  const found = async (
    selector: string,
    isSo: (all: readonly Pod[]) => boolean = all => all.length > 0,
  ): Promise<readonly Pod[]> => {
    for (const end = performance.now() + WITHIN_MS; ; await delay(50)) {
      const all = await pods(selector)
      if (isSo(all)) return all
      assert.ok(
        performance.now() < end,
        `Pods of ${selector}: ${JSON.stringify(all.map(one => one.metadata))}`,
      )
    }
  }

  /** As a node says it. */
  const ready = async ({ metadata }: Pod): Promise<void> => {
    const at = new Date().toISOString()
    const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: at, lastProbeTime: null }]
    const path = `/api/v1/namespaces/${NAMESPACE}/pods/${metadata.name}/status`
    const { status, body } = await cluster!.ask(
      'PATCH',
      path,
      { status: { phase: 'Running', conditions } },
      MERGE,
    )
    assert.equal(status, 200, body)
  }

  const programmed = async (status: 'True' | 'False'): Promise<void> => {
    const wait = ['wait', `--for=condition=Programmed=${status}`, 'gateway/a', '--timeout=60s']
    const { ok, said } = await Promise.resolve(cluster!.tryKubectl(wait))
    assert.ok(ok, said)
  }

  test('they are nobody else’s, and it is programmed while one of its newest version is ready', async t => {
    if (cluster === null) return t.skip('no API server')
    const token = cluster.kubectl(['create', 'token', 'portcullis', '-n', NAMESPACE]).trim()
    const kubeconfig = join(cluster.folder, 'of-the-account')
    writeFileSync(kubeconfig, cluster.configFor(token, NAMESPACE))
    const flags = readFileSync(join(root, 'deploy/kustomize/deployment.yaml'), 'utf8').match(
      /(?<=^ +- )--\S+/gm,
    )
    await using run = await RunProcess.start(
      [],
      ...(flags ?? []),
      `--kubeconfig=${kubeconfig}`,
      '--workers=1',
      '--address=127.0.0.1',
      `--ingress-ports=${await freePort()},${await freePort()}`,
      `--data=${join(cluster.folder, 'data')}`,
    )
    await run.started()
    cluster.kubectl(['apply', '--server-side', '-f', '-'], objects)

    const [first] = await found('portcullis.dev/data-plane')
    const name = first!.metadata.labels!['portcullis.dev/data-plane']!
    const own = await found('app.kubernetes.io/name=portcullis', all => all.length === 2)
    assert.ok(own.every(({ metadata }) => metadata.labels?.['portcullis.dev/data-plane'] === undefined))
    assert.equal((await pods(`portcullis.dev/data-plane=${name}`)).length, 1)

    const services = await list(`/api/v1/namespaces/${NAMESPACE}/services`)
    assert.ok(services.some(({ metadata }) => metadata.name === name))
    const status = { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } }
    await cluster.ask('PATCH', `/api/v1/namespaces/${NAMESPACE}/services/${name}/status`, { status }, MERGE)
    await programmed('False')
    await ready(first!)
    await programmed('True')

    // The old Pod serves until the new one does, and what is said is of the new one.
    cluster.kubectl(['set', 'image', 'deployment/portcullis', 'portcullis=portcullis:2', '-n', NAMESPACE])
    const both = await found(`portcullis.dev/data-plane=${name}`, all => all.length === 2)
    const newer = both.find(({ spec }) => spec.containers[0]!.image === 'portcullis:2')
    assert.ok(newer)
    await programmed('False')
    await ready(newer)
    await programmed('True')
    const [left] = await found(`portcullis.dev/data-plane=${name}`, all => all.length === 1)
    assert.equal(left!.metadata.name, newer.metadata.name)

    // More of them are no newer version.
    cluster.kubectl([
      'patch',
      'gatewayparameters',
      'own',
      '--type=merge',
      '-p',
      '{"spec":{"dataPlane":{"replicas":2}}}',
    ])
    await found(`portcullis.dev/data-plane=${name}`, all => all.length === 2)
    await programmed('True')

    cluster.kubectl(['delete', 'gateway', 'a'])
    await found(`portcullis.dev/data-plane=${name}`, all => all.length === 0)
    assert.ok((await pods('app.kubernetes.io/name=portcullis')).length >= 2)
  })
})
