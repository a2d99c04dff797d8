import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { send } from '../support/client.ts'
import { portcullis } from '../support/command.ts'
import type { ApiObject } from '../support/kubernetes/api-objects.ts'
import type { ApiServer } from '../support/kubernetes/api-server.ts'
import {
  balance,
  gateway,
  GatewayBed,
  made,
  programmed,
  reason,
  serviceOf,
  specOf,
  statusOf,
  targetOf,
  until,
} from '../support/kubernetes/gateway-bed.ts'

const DEPLOYMENT = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: edge, namespace: gateways }
spec:
  replicas: 2
  selector: { matchLabels: { app: edge } }
  template:
    metadata: { labels: { app: edge, tier: public } }
    spec:
      containers:
        - name: portcullis
          image: portcullis:1
          args: [run, --kubernetes, --publish=service/gateways/edge, --gateway-services=LoadBalancer]
          resources: { requests: { cpu: 250m }, limits: { memory: 1Gi } }
---`

const parameters = (name: string, dataPlane: string) => `
apiVersion: portcullis.dev/v1alpha1
kind: GatewayParameters
metadata: { name: ${name} }
spec: { dataPlane: ${dataPlane} }
---`

const naming = (name: string) =>
  `  infrastructure: { labels: { team: x }, parametersRef: { group: portcullis.dev, kind: GatewayParameters, name: ${name} } }`

interface Spec {
  readonly replicas: number
  readonly selector: { readonly matchLabels: Readonly<Record<string, string>> }
  readonly template: {
    readonly metadata: { readonly labels: Readonly<Record<string, string>> }
    readonly spec: {
      readonly containers: readonly {
        readonly image: string
        readonly args: readonly string[]
        readonly resources: object
      }[]
    }
  }
}

const deploymentOf = (api: ApiServer, name: string): ApiObject | undefined =>
  [...api.collectionOf('Deployment').objects.values()].find(({ metadata }) => {
    const annotations = metadata['annotations'] as Readonly<Record<string, string>> | undefined
    return annotations?.['portcullis.dev/gateway'] === `default/${name}`
  })
const podsOf = (api: ApiServer, name: string) => deploymentOf(api, name)?.['spec'] as Spec

/** As the controller of Deployments says it of Pods that serve. */
function serves(api: ApiServer, name: string, availableReplicas = 1): void {
  const { metadata } = deploymentOf(api, name)!
  const counted = { replicas: 1, updatedReplicas: 1, availableReplicas }
  api.setStatus(
    'Deployment',
    metadata.name,
    { observedGeneration: metadata.generation, ...counted },
    'gateways',
  )
}

// Names of Services, and so their ports, are those of gateway-services.slow.test.ts, which may run beside this.
const SHARED = '127.0.0.3'
const OWN = '127.0.0.4'

/** The status of what is answered at an address; 0 where nobody listens. */
const asked = (address: string, port: number, path: string): Promise<number> =>
  send(port, { path, to: address }).then(
    ({ status }) => status,
    () => 0,
  )

/** Resolves when nobody listens any more. */
async function closed(address: string, port: number): Promise<void> {
  for (const end = performance.now() + 10_000; (await asked(address, port, '/a')) !== 0; await delay(20))
    assert.ok(performance.now() < end, `${address} still answers`)
}

async function begun(): Promise<GatewayBed> {
  const bed = await GatewayBed.start()
  bed.api.apply(DEPLOYMENT)
  return bed
}

test('a process serves one Gateway only where each has a Service', async () => {
  const { code, stderr } = await portcullis(['run', '--kubernetes', '--only-gateway=default/a'])
  assert.equal(code, 2)
  assert.match(stderr, /--only-gateway needs --gateway-services/)
})

suite('a data plane of its own for a Gateway', () => {
  test('has Pods like those of the deployment, which serve it and no other', async () => {
    await using bed = await begun()
    const { api } = bed
    const shared = await bed.run(SHARED)
    api.apply(parameters('large', '{ replicas: 3, workers: 4, resources: { requests: { cpu: 2 } } }'))
    await bed.gateway('a', naming('large'))
    await bed.gateway('b')
    await until(api, () => deploymentOf(api, 'a') !== undefined)
    await made(api, 'a')
    await bed.reached('b', '192.0.2.2')

    const { name, namespace, ownerReferences, labels } = deploymentOf(api, 'a')!.metadata as Record<
      string,
      unknown
    >
    assert.deepEqual([name, namespace], [serviceOf(api, 'a')!.metadata.name, 'gateways'])
    assert.equal((ownerReferences as { readonly kind: string }[])[0]?.kind, 'Deployment')
    assert.equal((labels as Record<string, string>)['team'], 'x')
    const { replicas, selector, template } = podsOf(api, 'a')
    const [container] = template.spec.containers
    assert.equal(replicas, 3)
    assert.deepEqual(container!.resources, { requests: { cpu: '2' }, limits: { memory: '1Gi' } })
    assert.deepEqual(container!.args.slice(-2), ['--workers=4', '--only-gateway=default/a'])
    // Neither finds the other's Pods, and a Gateway does not say what labels they have.
    assert.deepEqual(template.metadata.labels, { tier: 'public', ...selector.matchLabels })
    assert.deepEqual(specOf(serviceOf(api, 'a')).selector, selector.matchLabels)
    assert.deepEqual(specOf(serviceOf(api, 'b')).selector, { app: 'edge' })

    balance(api, 'a', '192.0.2.1')
    await until(api, () => programmed(api, 'a')?.message.includes('no Pod of its newest version') ?? false)
    const message = 'pods "a" is forbidden: exceeded quota'
    const conditions = [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message }]
    api.setStatus('Deployment', String(name), { conditions }, 'gateways')
    await until(api, () => programmed(api, 'a')?.message.endsWith(message) ?? false)
    await using own = await bed.run(OWN, 'LoadBalancer', '--only-gateway=default/a')
    serves(api, 'a')
    await reason(api, 'a', 'Programmed')
    assert.deepEqual(statusOf(api, 'a').addresses, [{ type: 'IPAddress', value: '192.0.2.1' }])
    const [a, b] = [targetOf(api, 'a', 80), targetOf(api, 'b', 80)]
    const found = await Promise.all([
      asked(OWN, a, '/a'),
      asked(SHARED, b, '/b'),
      asked(OWN, b, '/b'),
      asked(SHARED, a, '/a'),
    ])
    assert.deepEqual(found, [200, 200, 0, 0])
    assert.deepEqual(
      own.log.all.filter(({ event }) => /leads|written/.test(String(event))),
      [],
    )
    assert.equal(shared.log.all.filter(({ event }) => event === 'kubernetes.leads').length, 1)
  })

  test('a Gateway gets them, and loses them again, without a moment in which nobody serves it', async () => {
    await using bed = await begun()
    const { api } = bed
    await bed.run(SHARED)
    api.apply(parameters('own', '{}'))
    await bed.gateway('a')
    await bed.reached('a', '192.0.2.1')
    const before = serviceOf(api, 'a')!
    const port = targetOf(api, 'a', 80)

    api.apply(gateway('a', naming('own')))
    await until(api, () => deploymentOf(api, 'a') !== undefined)
    await until(api, () => programmed(api, 'a')?.message.includes('no Pod of its newest version') ?? false)
    assert.deepEqual(specOf(serviceOf(api, 'a')).selector, { app: 'edge' })
    assert.equal(await asked(SHARED, port, '/a'), 200)
    await using _ = await bed.run(OWN, 'LoadBalancer', '--only-gateway=default/a')
    serves(api, 'a')
    await reason(api, 'a', 'Programmed')
    assert.deepEqual(specOf(serviceOf(api, 'a')).selector, podsOf(api, 'a').selector.matchLabels)
    // Nodes have not followed yet.
    assert.deepEqual(await Promise.all([asked(SHARED, port, '/a'), asked(OWN, port, '/a')]), [200, 200])

    api.apply(gateway('a'))
    await until(api, () => deploymentOf(api, 'a') === undefined)
    assert.deepEqual(specOf(serviceOf(api, 'a')).selector, { app: 'edge' })
    assert.deepEqual(await Promise.all([asked(SHARED, port, '/a'), asked(OWN, port, '/a')]), [200, 200])
    const { metadata } = serviceOf(api, 'a')!
    assert.deepEqual(
      [metadata.uid, specOf(serviceOf(api, 'a')).ports],
      [before.metadata.uid, specOf(before).ports],
    )
  })

  test('one of somebody else is left as it is, and the Gateway says so', async () => {
    await using bed = await begun()
    const { api } = bed
    const first = await bed.run(SHARED)
    api.apply(parameters('own', '{}'))
    await bed.gateway('a', naming('own'))
    await until(api, () => deploymentOf(api, 'a') !== undefined)
    const { name } = deploymentOf(api, 'a')!.metadata
    assert.equal(await first.stop(), 0)
    api.delete('Deployment', name, 'gateways')
    api.apply(DEPLOYMENT.replace('name: edge,', `name: ${name},`))
    const foreign = api.get('Deployment', name, 'gateways')
    const run = await bed.run(SHARED)
    balance(api, 'a', '192.0.2.1')
    await until(api, () => programmed(api, 'a')?.message.includes('was not made for this Gateway') ?? false)
    await run.event('kubernetes.deployment_failed')
    api.delete('Gateway', 'a')
    await until(api, () => serviceOf(api, 'a') === undefined)
    assert.deepEqual(api.get('Deployment', name, 'gateways'), foreign)
  })

  test('one of somebody else that serves takes nobody from the Pods that do', async () => {
    await using bed = await begun()
    const { api } = bed
    await bed.run(SHARED)
    await bed.gateway('a')
    await bed.reached('a', '192.0.2.1')
    const { name } = serviceOf(api, 'a')!.metadata
    api.apply(DEPLOYMENT.replace('name: edge,', `name: ${name},`))
    const counted = { replicas: 1, updatedReplicas: 1, availableReplicas: 1 }
    api.setStatus('Deployment', name, { observedGeneration: 1, ...counted }, 'gateways')
    api.apply(parameters('own', '{}'))
    api.apply(gateway('a', naming('own')))
    await until(api, () => programmed(api, 'a')?.message.includes('was not made for this Gateway') ?? false)
    await bed.gateway('b')
    assert.deepEqual(specOf(serviceOf(api, 'a')).selector, { app: 'edge' })
    assert.equal(await asked(SHARED, targetOf(api, 'a', 80), '/a'), 200)
  })

  for (const [what, begin, message] of [
    [
      'a right that is missing',
      (api: ApiServer) => {
        api.apply(DEPLOYMENT)
        api.forbid('Deployment', true)
      },
      /Deployments cannot be read: .*forbidden/,
    ],
    ['no Deployment to be like', () => {}, /there is no Deployment gateways\/edge/],
  ] as const)
    test(`${what} is said by its Gateway, and the others are served`, async () => {
      await using bed = await GatewayBed.start()
      const { api } = bed
      begin(api)
      await bed.run(SHARED)
      api.apply(parameters('own', '{}'))
      await bed.gateway('a', naming('own'))
      await bed.gateway('b')
      await bed.reached('b', '192.0.2.2')
      await until(api, () => message.test(programmed(api, 'a')?.message ?? ''))
      assert.equal(programmed(api, 'a')?.status, 'False')
      assert.equal(await asked(SHARED, targetOf(api, 'b', 80), '/b'), 200)
      assert.equal(deploymentOf(api, 'a'), undefined)
    })

  test('parameters that go close the Gateway in both, and what there is for it stays', async () => {
    await using bed = await begun()
    const { api } = bed
    await bed.run(SHARED)
    api.apply(parameters('own', '{}'))
    await bed.gateway('a', naming('own'))
    await made(api, 'a')
    await until(api, () => deploymentOf(api, 'a') !== undefined)
    await using own = await bed.run(OWN, 'LoadBalancer', '--only-gateway=default/a')
    const port = targetOf(api, 'a', 80)
    assert.equal(await asked(OWN, port, '/a'), 200)
    const { uid } = deploymentOf(api, 'a')!.metadata
    api.delete('GatewayParameters', 'own')
    await until(api, () =>
      (statusOf(api, 'a').conditions ?? []).some(one => one.reason === 'InvalidParameters'),
    )
    await own.log.first(() => own.log.all.some(line => JSON.stringify(line).includes('InvalidParameters')))
    await closed(OWN, port)
    assert.equal(await asked(SHARED, port, '/a'), 0)
    assert.equal(deploymentOf(api, 'a')?.metadata.uid, uid)
  })
})
