import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { DataPlane } from '../../translation/data-planes.ts'
import type { Deployment, PodSpec } from './deployments.ts'
import {
  deploymentPatch,
  newDeployment,
  wantedDeployment,
  type DataPlaneWant,
  type WantedDeployment,
} from './wanted-deployment.ts'

const settings = { namespace: 'gateways', deployment: 'edge', type: 'LoadBalancer' } as const
const NONE: DataPlane = { replicas: null, workers: null, requests: {}, limits: {}, nodeSelector: {} }
const name = 'edge-default-front-1'
const own = { 'portcullis.dev/data-plane': name }

const wantOf = (dataPlane: Partial<DataPlane> = {}): DataPlaneWant => ({
  gateway: { group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace: 'default', name: 'front' },
  gatewayClass: 'portcullis',
  name,
  ports: ['tcp 80'],
  labels: { team: 'one', app: 'edge' },
  annotations: { 'deployment.kubernetes.io/revision': '7', 'example.com/kind': 'internal' },
  address: null,
  type: 'LoadBalancer',
  dataPlane: { ...NONE, ...dataPlane },
})

const deployment: Deployment = {
  metadata: { name: 'edge', uid: 'u-1' },
  spec: {
    replicas: 2,
    strategy: { type: 'RollingUpdate' },
    selector: { matchLabels: { app: 'edge', instance: 'one' } },
    template: {
      metadata: {
        labels: { app: 'edge', instance: 'one', part: 'net', team: 'platform' },
        annotations: { scrape: 'true' },
      },
      spec: {
        nodeSelector: { pool: 'all', disk: 'fast' },
        topologySpreadConstraints: [
          { maxSkew: 1, labelSelector: { matchLabels: { app: 'edge', instance: 'one' } } },
          { maxSkew: 2, labelSelector: { matchLabels: { team: 'platform' } } },
        ],
        containers: [
          { name: 'logs', image: 'logs:1', args: ['--workers=9'] },
          {
            name: 'portcullis',
            image: 'portcullis:1',
            args: ['run', '--workers', '2', '--kubernetes'],
            resources: { requests: { cpu: '250m', memory: '256Mi' }, limits: { memory: '1Gi' } },
          },
        ],
      },
    },
  },
}
const template = { deployment, selector: { app: 'edge', part: 'net' } }

function wanted(dataPlane: Partial<DataPlane> = {}, of = template): WantedDeployment {
  const made = wantedDeployment(wantOf(dataPlane), of, settings)
  assert.ok(typeof made !== 'string')
  return made
}

const podOf = ({ spec }: WantedDeployment): PodSpec => spec.template!.spec!
const serving = (made: WantedDeployment) => podOf(made).containers![1]!

/** As the server has it once it was created. */
function created(made = wanted()): Deployment {
  return structuredClone(newDeployment(name, made, template, 'gateways')) as unknown as Deployment
}

suite('the Deployment of a Gateway', () => {
  test('has Pods that neither the deployment finds, nor its Service', () => {
    const { labels, annotations } = wanted().spec.template!.metadata!
    assert.deepEqual(labels, { team: 'platform', ...own })
    assert.deepEqual(annotations, { scrape: 'true' })
    assert.deepEqual(wanted().spec.selector, { matchLabels: own })
    assert.deepEqual(podOf(wanted()).topologySpreadConstraints, [
      { maxSkew: 1, labelSelector: { matchLabels: own } },
      { maxSkew: 2, labelSelector: { matchLabels: { team: 'platform' } } },
    ])
  })

  test('has labels and annotations of its Gateway, and none that the cluster writes', () => {
    const { labels, annotations } = wanted()
    assert.equal(labels['team'], 'one')
    assert.equal(annotations['example.com/kind'], 'internal')
    assert.equal(annotations['deployment.kubernetes.io/revision'], undefined)
  })

  test('says its Gateway to the container that serves, and each flag once', () => {
    const only = '--only-gateway=default/front'
    assert.deepEqual(serving(wanted()).args, ['run', '--workers', '2', '--kubernetes', only])
    assert.deepEqual(serving(wanted({ workers: 4 })).args, ['run', '--kubernetes', '--workers=4', only])
    // Also behind a shell.
    assert.deepEqual(serving(wanted()).env, [{ name: 'PORTCULLIS_ONLY_GATEWAY', value: 'default/front' }])
    assert.deepEqual(
      podOf(wanted({ workers: 4 })).containers![0],
      deployment.spec.template!.spec!.containers![0],
    )
  })

  test('is not made where the container has no args', () => {
    const spec = { ...deployment.spec, template: { spec: { containers: [{ name: 'portcullis' }] } } }
    const made = wantedDeployment(wantOf(), { ...template, deployment: { ...deployment, spec } }, settings)
    assert.ok(typeof made === 'string')
    assert.match(made, /no args/)
  })

  for (const [asked, expected] of [
    [{ cpu: '0.5' }, { cpu: '500m', memory: '256Mi' }],
    [{ cpu: 2 }, { cpu: '2', memory: '256Mi' }],
    [{ cpu: '2000m' }, { cpu: '2', memory: '256Mi' }],
    [{ cpu: '1.25' }, { cpu: '1250m', memory: '256Mi' }],
    [{ cpu: '3000' }, { cpu: '3k', memory: '256Mi' }],
    [{ memory: '1024Mi' }, { cpu: '250m', memory: '1Gi' }],
    [{ memory: '0.5Gi' }, { cpu: '250m', memory: '512Mi' }],
    [{ memory: '1000M' }, { cpu: '250m', memory: '1G' }],
    [{ memory: 268435456 }, { cpu: '250m', memory: '268435456' }],
    [{ memory: '1500000' }, { cpu: '250m', memory: '1500k' }],
  ] as const)
    test(`asks for ${JSON.stringify(asked)} as a server writes it`, () =>
      assert.deepEqual(serving(wanted({ requests: asked })).resources?.requests, expected))

  test('is on its own nodes among those of the deployment, and on no others', () => {
    const { nodeSelector } = podOf(wanted({ nodeSelector: { zone: 'a', disk: 'fast' } }))
    assert.deepEqual(nodeSelector, { pool: 'all', zone: 'a', disk: 'fast' })
    assert.equal(
      wantedDeployment(wantOf({ nodeSelector: { pool: 'mine' } }), template, settings),
      'its nodes are to have pool=mine, and those of the deployment pool=all',
    )
  })

  test('loses what the deployment does not say any more', () => {
    const spec = { ...deployment.spec, strategy: { type: 'Recreate' } }
    const now = created()
    const rolling = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } }
    const before = { ...now, spec: { ...now.spec, strategy: rolling, minReadySeconds: 5 } }
    const patch = deploymentPatch(wanted({}, { ...template, deployment: { ...deployment, spec } }), before)
    assert.deepEqual(patch?.['spec'], {
      strategy: { type: 'Recreate', rollingUpdate: null },
      minReadySeconds: null,
    })
  })

  test('has as many Pods as the deployment, until somebody says how many', () => {
    assert.equal(created().spec.replicas, 2)
    assert.equal(deploymentPatch(wanted(), { ...created(), spec: { ...created().spec, replicas: 9 } }), null)
    assert.deepEqual(deploymentPatch(wanted({ replicas: 3 }), created())?.['spec'], { replicas: 3 })
  })

  test('follows the deployment, and gets back what was changed by hand', () => {
    const now = created()
    assert.equal(deploymentPatch(wanted(), now), null)
    const { template: pods, ...spec } = now.spec
    const changed = {
      ...now,
      spec: {
        ...spec,
        template: {
          metadata: { labels: pods!.metadata!.labels!, annotations: { scrape: 'false', more: 'yes' } },
          spec: { ...pods!.spec, hostNetwork: true, nodeSelector: { pool: 'all' } },
        },
      },
    }
    assert.deepEqual(deploymentPatch(wanted(), changed)?.['spec'], {
      template: {
        metadata: { annotations: { scrape: 'true', more: null } },
        spec: { hostNetwork: null, nodeSelector: { disk: 'fast' } },
      },
    })
  })

  test('is not undone where somebody has restarted its Pods', () => {
    const RESTARTED = 'kubectl.kubernetes.io/restartedAt'
    const restarted = (at: string): Deployment => {
      const now = created()
      const { metadata, ...pods } = now.spec.template!
      const annotations = { ...metadata!.annotations, [RESTARTED]: at }
      return { ...now, spec: { ...now.spec, template: { ...pods, metadata: { ...metadata, annotations } } } }
    }
    assert.equal(deploymentPatch(wanted(), restarted('2026-11-01T12:00:00Z')), null)
    // The deployment has been too, an hour before and an hour after, by who is elsewhere.
    const of = (at: string) => ({ ...template, deployment: restarted(at) })
    const now = restarted('2026-11-01T12:00:00Z')
    const followed = (at: string) => deploymentPatch(wanted({}, of(at)), now)?.['spec']
    const annotationOf = (spec: unknown) => JSON.stringify(spec ?? {}).includes(RESTARTED)
    assert.ok(!annotationOf(followed('2026-11-01T13:00:00+02:00')))
    assert.ok(annotationOf(followed('2026-11-01T08:00:00-05:00')))
  })
})
