import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parseResources } from '../../../../test/support/declared.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../../../../test/support/resources.ts'
import { translate } from '../../../../test/support/translate.ts'
import { Resources } from '../../../model/resources.ts'
import { DATA_PLANE_LABEL, DATA_PLANE_SINCE } from '../../../translation/data-planes.ts'
import type { TranslateOptions } from '../../../translation/role.ts'
import {
  DEPLOYMENT_LABEL,
  GATEWAY_ANNOTATION,
  GATEWAY_SERVICES,
  gatewayServiceName,
  type GatewayServiceFact,
  type GatewayServiceWant,
} from '../../../translation/gateway-services.ts'

const settings = { namespace: 'gateways', deployment: 'edge', type: 'LoadBalancer' } as const
const nameOf = (name: string) => gatewayServiceName('edge', { namespace: 'default', name })

/** `443: 20001`, as the leader has written it. */
function service(name: string, targets: Readonly<Record<number, number>>, owner = name): object {
  const ports = Object.entries(targets).map(([port, targetPort]) => ({
    name: `tcp-${port}`,
    port: Number(port),
    targetPort,
  }))
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: nameOf(name),
      namespace: 'gateways',
      labels: { [DEPLOYMENT_LABEL]: 'edge' },
      annotations: { [GATEWAY_ANNOTATION]: `default/${owner}` },
    },
    spec: { ports },
  }
}

const route = (name: string) =>
  httpRoute(name, {
    parentRefs: [{ name }],
    rules: [{ matches: [{ path: { type: 'PathPrefix', value: `/${name}` } }], backendRefs: [to('items')] }],
  })

const http = (port = 80) => [{ name: 'http', port }]
const reached: Readonly<Record<string, GatewayServiceFact>> = {
  [nameOf('a')]: { addresses: ['192.0.2.1'], problem: '' },
  [nameOf('b')]: { addresses: ['192.0.2.2'], problem: '' },
}

function translated(objects: readonly object[], facts = reached, more: TranslateOptions = {}) {
  const { resources } = parseResources('own.yaml', yamlOf(backend('items', [1]), ...objects))
  const known = { [GATEWAY_SERVICES]: new Map(Object.entries(facts)) }
  const { parts, conditions, wants, gateways, dueMs } = translate(Resources.of(resources), {
    gatewayServices: settings,
    facts: known,
    ...more,
  })
  const programmed = (name: string, listener?: string): string => {
    const found = conditions.find(
      one =>
        one.about.kind === 'Gateway' &&
        one.about.name === name &&
        one.type === 'Programmed' &&
        one.listener === listener,
    )
    return found === undefined ? 'none' : `${found.status} ${found.reason}`
  }
  return {
    parts,
    programmed,
    wants: wants[GATEWAY_SERVICES] as readonly GatewayServiceWant[],
    gateways,
    conditions,
    dueMs,
  }
}

const keys = ({ parts }: ReturnType<typeof translated>) => parts.ports.map(({ key }) => key)

suite('Gateways with Services of their own', () => {
  const both = [
    gateway(http(), 'a'),
    gateway(http(), 'b'),
    service('a', { 80: 20_001 }),
    service('b', { 80: 20_002 }),
    route('a'),
    route('b'),
  ]

  test('have the same port, each on one of the Pods', () => {
    const all = translated(both)
    assert.deepEqual(keys(all), ['*:20001 for 80', '*:20002 for 80'])
    assert.deepEqual(
      all.parts.ports.map(({ port, target }) => [port, target]),
      [
        [80, 20_001],
        [80, 20_002],
      ],
    )
    assert.deepEqual([all.programmed('a'), all.programmed('b')], ['True Programmed', 'True Programmed'])
    assert.deepEqual(
      all.gateways.map(({ addresses }) => addresses),
      [['192.0.2.1'], ['192.0.2.2']],
    )
  })

  test('wait for their Service, for a port of it, and for its address', () => {
    const none = translated([gateway(http(), 'a')], {})
    assert.deepEqual([none.programmed('a'), none.programmed('a', 'http')], ['False Pending', 'False Pending'])
    assert.deepEqual(keys(none), [])
    const two = [...http(), { name: 'more', port: 81 }]
    const half = translated([gateway(two, 'a'), service('a', { 80: 20_001 })])
    assert.deepEqual(
      [half.programmed('a'), half.programmed('a', 'http'), half.programmed('a', 'more')],
      ['True Programmed', 'True Programmed', 'False Pending'],
    )
    assert.deepEqual(half.wants[0]?.ports, ['tcp 80', 'tcp 81'])
    const lost = translated([gateway(http(), 'a'), service('a', { 80: 20_001 })], {})
    assert.deepEqual(
      [lost.programmed('a'), lost.programmed('a', 'http')],
      ['False AddressNotAssigned', 'True Programmed'],
    )
  })

  test('never have a port of the Pods together, nor the Service of another', () => {
    const all = translated([
      gateway(http(), 'a'),
      gateway(http(), 'b'),
      service('a', { 80: 20_001 }),
      service('b', { 80: 20_001 }),
    ])
    assert.deepEqual(keys(all), ['*:20001 for 80'])
    assert.equal(all.programmed('a'), 'True Programmed')
    assert.match(all.programmed('b'), /^False/)
    const stolen = translated([gateway(http(), 'a'), service('a', { 80: 20_001 }, 'b')])
    assert.deepEqual(keys(stolen), [])
  })

  test('leave ports to Ingresses, which have those of the deployment', () => {
    const ingress = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'items' },
      spec: {
        ingressClassName: 'portcullis',
        defaultBackend: { resource: { apiGroup: 'portcullis.dev', kind: 'Backend', name: 'items' } },
      },
    }
    assert.deepEqual(keys(translated([...both, ingress])).toSorted(), [
      '*:20001 for 80',
      '*:20002 for 80',
      '*:80',
    ])
  })

  test('have the ports of their ListenerSets', () => {
    const front = gateway(http(), 'a') as { readonly spec: object }
    const taking = { ...front, spec: { ...front.spec, allowedListeners: { namespaces: { from: 'Same' } } } }
    const set = {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'ListenerSet',
      metadata: { name: 'more' },
      spec: { parentRef: { name: 'a' }, listeners: [{ name: 'm', protocol: 'HTTP', port: 8080 }] },
    }
    const all = translated([taking, set, service('a', { 80: 20_001, 8080: 20_009 })])
    assert.deepEqual(keys(all), ['*:20001 for 80', '*:20009 for 8080'])
    assert.deepEqual(all.wants[0]?.ports, ['tcp 80', 'tcp 8080'])
  })

  test('that ask for an address of the cluster have no balancer, whatever their parameters say', () => {
    const within = (front: object): object => {
      const { spec } = front as { readonly spec: object }
      return { ...front, spec: { ...spec, addresses: [{ routability: 'Cluster' }] } }
    }
    const all = translated([
      within(gateway(http(), 'a')),
      service('a', { 80: 20_001 }),
      gateway(http(), 'b'),
      service('b', { 80: 20_002 }),
      within(naming(gateway(http(), 'c'))),
      parameters({ dataPlane: {}, service: { type: 'LoadBalancer' } }),
    ])
    assert.deepEqual(
      all.wants.map(({ type }) => type),
      ['ClusterIP', 'LoadBalancer', 'ClusterIP'],
    )
    assert.deepEqual([all.programmed('a'), all.programmed('b')], ['True Programmed', 'True Programmed'])
    assert.deepEqual(
      all.gateways.slice(0, 2).map(({ addresses, routability }) => [addresses, routability]),
      [
        [['192.0.2.1'], 'Cluster'],
        [['192.0.2.2'], undefined],
      ],
    )
  })

  test('are not reached by a Service that is still of another type than they want', () => {
    const front = gateway(http(), 'a') as { readonly spec: object }
    const within = { ...front, spec: { ...front.spec, addresses: [{ routability: 'Cluster' }] } }
    const open = { [nameOf('a')]: { addresses: ['192.0.2.1'], type: 'LoadBalancer', problem: '' } }
    const all = translated([within, service('a', { 80: 20_001 })], open)
    assert.equal(all.programmed('a'), 'False AddressNotAssigned')
    const closed = { [nameOf('a')]: { addresses: ['10.0.0.1'], type: 'ClusterIP', problem: '' } }
    assert.equal(
      translated([within, service('a', { 80: 20_001 })], closed).programmed('a'),
      'True Programmed',
    )
  })

  // Of a type that is not served the Gateway is not accepted; of what a balancer cannot have it is not programmed.
  for (const [what, addresses, accepted, programmed] of [
    [
      'of another type',
      [{ type: 'Hostname', value: 'x.example' }],
      'False UnsupportedAddress',
      'False Invalid',
    ],
    [
      'of another reach',
      [{ routability: 'example.com/office' }],
      'False UnsupportedAddress',
      'False Invalid',
    ],
    [
      'of the cluster, which chooses it,',
      [{ routability: 'Cluster', value: '10.0.0.1' }],
      'False UnsupportedAddress',
      'False Invalid',
    ],
    ['too many', [{ value: '192.0.2.1' }, { value: '192.0.2.2' }], 'True Accepted', 'False AddressNotUsable'],
  ] as const)
    test(`that name an address ${what} keep what they have`, () => {
      const front = gateway(http(), 'a') as { readonly spec: object }
      const wrong = { ...front, spec: { ...front.spec, addresses } }
      const all = translated([wrong, service('a', { 80: 20_001 })])
      assert.deepEqual(keys(all), [])
      assert.deepEqual(all.wants[0]?.ports, [])
      const { status, reason } = all.conditions.find(
        ({ about, type }) => about.kind === 'Gateway' && type === 'Accepted',
      )!
      assert.deepEqual([`${status} ${reason}`, all.programmed('a')], [accepted, programmed])
    })
})

const parameters = (spec: object, name = 'large') => ({
  apiVersion: 'portcullis.dev/v1alpha1',
  kind: 'GatewayParameters',
  metadata: { name },
  spec,
})

const naming = (front: object, name = 'large', kind = 'GatewayParameters') => {
  const { spec } = front as { readonly spec: object }
  return {
    ...front,
    spec: { ...spec, infrastructure: { parametersRef: { group: 'portcullis.dev', kind, name } } },
  }
}

/** The Service of a Gateway, once it leads to Pods that serve no other. */
function leading(name: string, targets: Readonly<Record<number, number>>, since?: number): object {
  const made = service(name, targets) as {
    readonly metadata: { readonly annotations: object }
    readonly spec: object
  }
  const annotations = {
    ...made.metadata.annotations,
    ...(since !== undefined && { [DATA_PLANE_SINCE]: new Date(since).toISOString() }),
  }
  return {
    ...made,
    metadata: { ...made.metadata, annotations },
    spec: { ...made.spec, selector: { [DATA_PLANE_LABEL]: nameOf(name) } },
  }
}

suite('Gateways with Pods of their own', () => {
  const large = parameters({ dataPlane: { replicas: 3 } })
  const own = naming(gateway(http(), 'a'))
  const other = [gateway(http(), 'b'), service('b', { 80: 20_002 })]
  const only = { onlyGateway: { namespace: 'default', name: 'a' } }

  test('are listened for by these, and by those of all until their Service leads to them', () => {
    const before = [large, own, service('a', { 80: 20_001 }), ...other]
    const after = [large, own, leading('a', { 80: 20_001 }), ...other]
    const own1 = '*:20001 for 80'
    const own2 = '*:20002 for 80'
    assert.deepEqual(keys(translated(before)), [own1, own2])
    assert.deepEqual(keys(translated(after)), [own2])
    assert.deepEqual(keys(translated(before, reached, only)), [own1])
    assert.deepEqual(keys(translated(after, reached, only)), [own1])
    // Once it has no parameters any more, those of all serve it before its Service leads there.
    assert.deepEqual(keys(translated([gateway(http(), 'a'), leading('a', { 80: 20_001 }), ...other])), [
      own1,
      own2,
    ])
  })

  test('are listened for by the Pods of all until nodes have followed, and then no more', () => {
    const since = Date.parse('2026-11-01T12:00:00Z')
    const objects = [large, own, leading('a', { 80: 20_001 }, since)]
    const at = (nowMs: number) => translated(objects, reached, { nowMs })
    assert.deepEqual(keys(at(since + 29_000)), ['*:20001 for 80'])
    assert.equal(at(since + 29_000).dueMs, since + 30_000)
    assert.deepEqual(keys(at(since + 30_000)), [])
  })

  test('are programmed once one of them is available', () => {
    const objects = [large, own, leading('a', { 80: 20_001 })]
    const waits = { [nameOf('a')]: { addresses: ['192.0.2.1'], problem: '', waits: 'the Deployment begins' } }
    assert.equal(translated(objects, waits).programmed('a'), 'False Pending')
    assert.equal(translated(objects).programmed('a'), 'True Programmed')
    assert.equal(translated([large, own, service('a', { 80: 20_001 })]).programmed('a'), 'False Pending')
  })

  test('serve no Ingress', () => {
    const ingress = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'items' },
      spec: {
        ingressClassName: 'portcullis',
        defaultBackend: { resource: { apiGroup: 'portcullis.dev', kind: 'Backend', name: 'items' } },
      },
    }
    assert.deepEqual(keys(translated([large, own, leading('a', { 80: 20_001 }), ingress], reached, only)), [
      '*:20001 for 80',
    ])
  })

  test('have what they name and their class, field by field their own first', () => {
    const gatewayClass = {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'GatewayClass',
      metadata: { name: 'edge' },
      spec: {
        controllerName: 'portcullis.dev/gateway',
        parametersRef: {
          group: 'portcullis.dev',
          kind: 'GatewayParameters',
          name: 'class',
          namespace: 'default',
        },
      },
    }
    const ofClass = parameters(
      {
        dataPlane: { replicas: 2, workers: 4, resources: { requests: { cpu: 1, memory: '1Gi' } } },
        service: { type: 'ClusterIP' },
      },
      'class',
    )
    const ofOwn = parameters({ dataPlane: { replicas: 5, resources: { requests: { cpu: 2 } } } })
    const front = (name: string) => {
      const made = gateway(http(), name) as { readonly spec: object }
      return { ...made, spec: { ...made.spec, gatewayClassName: 'edge' } }
    }
    const { wants } = translated([gatewayClass, ofClass, ofOwn, naming(front('a')), front('b')])
    const planes = wants.map(({ dataPlane, type }) => [
      dataPlane?.replicas,
      dataPlane?.workers,
      dataPlane?.requests,
      type,
    ])
    assert.deepEqual(planes, [
      [5, 4, { cpu: 2, memory: '1Gi' }, 'ClusterIP'],
      [2, 4, { cpu: 1, memory: '1Gi' }, 'ClusterIP'],
    ])
    // A class whose parameters are not there has nothing served, by whichever Pods.
    for (const options of [{}, only]) {
      const lost = translated([gatewayClass, front('a'), leading('a', { 80: 20_001 })], reached, options)
      assert.deepEqual(keys(lost), [])
      assert.equal(lost.programmed('a'), 'False Invalid')
    }
  })

  for (const [what, objects] of [
    ['another kind', [large, naming(gateway(http(), 'a'), 'large', 'Backend')]],
    ['what is not there', [own]],
    ['what is broken', [parameters({ dataPlane: { replicas: 0 } }), own]],
    ['what is in another namespace', [{ ...large, metadata: { name: 'large', namespace: 'other' } }, own]],
  ] as const)
    test(`are served by nobody where they name ${what}`, () => {
      for (const options of [{}, only])
        for (const made of [service('a', { 80: 20_001 }), leading('a', { 80: 20_001 })]) {
          const all = translated([...objects, made], reached, options)
          assert.deepEqual(keys(all), [])
          const accepted = all.conditions.find(
            ({ about, type }) => about.kind === 'Gateway' && type === 'Accepted',
          )
          assert.equal(accepted?.reason, 'InvalidParameters')
          // What there is for it stays as it is.
          assert.deepEqual(all.wants[0]?.ports, [])
        }
    })
})
