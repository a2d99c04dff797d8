import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { send } from '../support/client.ts'
import type { ApiObject } from '../support/kubernetes/api-objects.ts'
import type { ApiServer } from '../support/kubernetes/api-server.ts'
import {
  balance,
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

const SHARED = '127.0.0.1'
const OWN = '127.0.0.2'

/** The status of what is answered at an address; 0 where nobody listens. */
const asked = (address: string, port: number, path: string): Promise<number> =>
  send(port, { path, to: address }).then(
    ({ status }) => status,
    () => 0,
  )

async function begun(): Promise<GatewayBed> {
  const bed = await GatewayBed.start()
  bed.api.apply(DEPLOYMENT)
  return bed
}

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
})
