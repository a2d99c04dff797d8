import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parseResources } from '../../../test/support/declared.ts'
import { gateway, yamlOf } from '../../../test/support/resources.ts'
import { GATEWAY_API } from '../../model/kind.ts'
import { Resources } from '../../model/resources.ts'
import { DATA_PLANE_LABEL, type DataPlane } from '../../translation/data-planes.ts'
import {
  DEPLOYMENT_LABEL,
  GATEWAY_ANNOTATION,
  type GatewayServiceWant,
} from '../../translation/gateway-services.ts'
import type { Deployment } from './deployments.ts'
import { planDeployments } from './plan-deployments.ts'

const settings = { namespace: 'gateways', deployment: 'edge', type: 'LoadBalancer' } as const
const NAME = 'edge-default-a-1'
const PLANE: DataPlane = { replicas: 1, workers: null, requests: {}, limits: {}, nodeSelector: {} }
const labels = { [DEPLOYMENT_LABEL]: 'edge' }
const annotations = { [GATEWAY_ANNOTATION]: 'default/a' }

const want: GatewayServiceWant = {
  gateway: { group: GATEWAY_API, kind: 'Gateway', namespace: 'default', name: 'a' },
  gatewayClass: 'portcullis',
  name: NAME,
  ports: ['tcp 80'],
  labels: {},
  annotations: {},
  address: null,
  type: 'LoadBalancer',
  dataPlane: PLANE,
}

const own: Deployment = {
  metadata: { name: 'edge', uid: 'u-1', labels: { app: 'edge' } },
  spec: {
    selector: { matchLabels: { app: 'edge' } },
    template: {
      metadata: { labels: { app: 'edge' } },
      spec: { containers: [{ name: 'portcullis', args: ['run'] }] },
    },
  },
}
const made: Deployment = {
  metadata: { name: NAME, uid: 'u-2', resourceVersion: '7', labels, annotations },
  spec: {},
}
const foreign: Deployment = { ...made, metadata: { name: NAME, uid: 'u-3', resourceVersion: '8' } }

const service = (selector: object) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: NAME, namespace: 'gateways', labels, annotations },
  spec: { selector, ports: [{ port: 80, targetPort: 20_001 }] },
})
const toOwn = service({ [DATA_PLANE_LABEL]: NAME })
const toAll = service({ app: 'edge' })
const front = gateway([{ name: 'http', port: 80 }], 'a')

function planned(
  objects: readonly object[],
  wants: readonly GatewayServiceWant[],
  deployments: readonly Deployment[],
  template: Deployment | null = own,
  isThere = false,
) {
  const { resources } = parseResources('a.yaml', yamlOf(...objects))
  const { writes, problems } = planDeployments({
    resources: Resources.of(resources),
    wants,
    settings,
    template: template === null ? 'there is none' : { deployment: template, selector: { app: 'edge' } },
    deployments: {
      get: name => deployments.find(({ metadata }) => metadata.name === name),
      all: () => deployments,
    },
    isThere: () => isThere,
  })
  return [...writes.map(({ method, kind, name }) => `${method} ${kind} ${name}`), ...problems.values()]
}

const shared = { ...want, dataPlane: null }

suite('Deployments of Gateways', () => {
  for (const [what, expected, ...given] of [
    ['are made', [`create Deployment ${NAME}`], [front], [want], [own]],
    [
      'are changed where they are others, and have a budget',
      [`patch Deployment ${NAME}`, `create PodDisruptionBudget ${NAME}`],
      [front],
      [want],
      [own, made],
    ],
    ['are not made of nothing', ['there is none'], [front], [want], [], null],
    ['stay while their Gateway is broken', [], [front, toOwn], [{ ...shared, ports: [] }], [own, made]],
    ['stay while their Service leads to them', [], [front, toOwn], [shared], [own, made]],
    [
      'go once it leads to the Pods of all',
      [`delete Deployment ${NAME}`],
      [front, toAll],
      [shared],
      [own, made],
    ],
    ['go with their Gateway', [`delete Deployment ${NAME}`], [toOwn], [], [own, made]],
    ['stay where their Gateway is not in force yet', [], [toOwn], [], [own, made], own, true],
    [
      'go with the class of their Gateway, where it is another controller’s',
      [`delete Deployment ${NAME}`],
      [
        { ...front, spec: { ...(front as { readonly spec: object }).spec, gatewayClassName: 'other' } },
        {
          apiVersion: 'gateway.networking.k8s.io/v1',
          kind: 'GatewayClass',
          metadata: { name: 'other' },
          spec: { controllerName: 'example.com/other' },
        },
      ],
      [],
      [own, made],
    ],
    [
      'of somebody else stay as they are',
      ['it is there already, and was not made for this Gateway; it stays as it is until it is deleted'],
      [front],
      [want],
      [own, foreign],
    ],
    ['of somebody else stay without a Gateway', [], [], [], [own, foreign]],
  ] as const)
    test(what, () => assert.deepEqual(planned(...(given as unknown as Parameters<typeof planned>)), expected))
})
