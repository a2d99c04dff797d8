import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parseResources } from '../../../../test/support/declared.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../../../../test/support/resources.ts'
import { translate } from '../../../../test/support/translate.ts'
import { Resources } from '../../../model/resources.ts'
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

function translated(objects: readonly object[], facts = reached) {
  const { resources } = parseResources('own.yaml', yamlOf(backend('items', [1]), ...objects))
  const known = { [GATEWAY_SERVICES]: new Map(Object.entries(facts)) }
  const { parts, conditions, wants, gateways } = translate(Resources.of(resources), {
    gatewayServices: settings,
    facts: known,
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
  return { parts, programmed, wants: wants[GATEWAY_SERVICES] as readonly GatewayServiceWant[], gateways }
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

  test('that are refused keep what they have', () => {
    const front = gateway(http(), 'a') as { readonly spec: object }
    const wrong = { ...front, spec: { ...front.spec, addresses: [{ type: 'Hostname', value: 'x.example' }] } }
    const all = translated([wrong, service('a', { 80: 20_001 })])
    assert.deepEqual(keys(all), [])
    assert.deepEqual(all.wants[0]?.ports, [])
  })
})
