import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Service } from '../../model/kinds/service.ts'
import {
  gatewayServiceName,
  labelValue,
  type GatewayServiceWant,
} from '../../translation/gateway-services.ts'
import { newService, servicePatch, wantedService } from './wanted-service.ts'

const settings = { namespace: 'gateways', deployment: 'edge', type: 'LoadBalancer' } as const
const template = { uid: 'u-1', spec: { selector: { app: 'edge' }, loadBalancerClass: 'metal' } }
const targets = new Map([
  ['tcp 53', 20_001],
  ['udp 53', 20_002],
])
const want: GatewayServiceWant = {
  gateway: { group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace: 'default', name: 'front' },
  gatewayClass: 'portcullis',
  name: 'edge-default-front-1',
  ports: [...targets.keys()],
  labels: { team: 'one', 'portcullis.dev/gateway-service-of': 'another' },
  annotations: { 'example.com/kind': 'internal' },
  address: null,
  type: 'LoadBalancer',
  dataPlane: null,
}

/** What the server has once it was created, as it is read. */
function created(of: GatewayServiceWant = want): Service {
  const object = newService(of.name, wantedService(of, targets, template, settings), template, settings)
  const { metadata, spec } = structuredClone(object) as Pick<Service, 'metadata'> & { readonly spec: object }
  return { apiVersion: 'v1', kind: 'Service', metadata, body: { spec }, at: () => null }
}

suite('the Service of a Gateway', () => {
  test('has TCP and UDP of one number, and what its deployment has', () => {
    const { metadata, spec } = newService(
      want.name,
      wantedService(want, targets, template, settings),
      template,
      settings,
    ) as Record<string, Record<string, unknown>>
    assert.deepEqual(spec?.['ports'], [
      { name: 'tcp-53', protocol: 'TCP', port: 53, targetPort: 20_001 },
      { name: 'udp-53', protocol: 'UDP', port: 53, targetPort: 20_002 },
    ])
    assert.equal(spec?.['loadBalancerClass'], 'metal')
    assert.deepEqual(metadata?.['ownerReferences'], [
      { apiVersion: 'v1', kind: 'Service', name: 'edge', uid: 'u-1' },
    ])
    const labels = metadata?.['labels'] as Readonly<Record<string, string>>
    assert.equal(labels['team'], 'one')
    // A Gateway does not say whose the Service is.
    assert.equal(labels['portcullis.dev/gateway-service-of'], 'edge')
  })

  test('is not written where it says what is wanted', () => {
    assert.equal(servicePatch(wantedService(want, targets, template, settings), created(), template), null)
  })

  test('loses what was propagated and is not any more, and nothing of others', () => {
    const before = created()
    const known = {
      ...before,
      metadata: { ...before.metadata, labels: { ...before.metadata.labels, theirs: 'yes' } },
    }
    const now = wantedService({ ...want, labels: {}, annotations: {} }, targets, template, settings)
    const patch = servicePatch(now, known, template)
    assert.deepEqual(patch, {
      metadata: {
        labels: { team: null },
        annotations: {
          'example.com/kind': null,
          'portcullis.dev/propagated': '{"labels":[],"annotations":[]}',
        },
      },
      spec: {},
    })
  })

  test('gets back what was changed by hand, and loses what it should not have', () => {
    const { body, ...rest } = created({ ...want, address: '192.0.2.1' })
    const known = { ...rest, body: { spec: { ...body.spec, selector: { app: 'stolen' } } } }
    assert.deepEqual(
      servicePatch(wantedService(want, targets, template, settings), known, template)?.['spec'],
      {
        selector: { app: 'edge' },
        loadBalancerIP: null,
      },
    )
  })

  test('has the balancer of its deployment once it comes to have one', () => {
    const inside = { ...want, type: 'ClusterIP' } as const
    const [before, balanced] = [created(inside), created()]
    assert.deepEqual(before.body.spec?.type, 'ClusterIP')
    const patched = (of: GatewayServiceWant, from: Service) =>
      servicePatch(wantedService(of, targets, template, settings), from, template)?.['spec']
    assert.deepEqual(patched(want, before), {
      type: 'LoadBalancer',
      externalTrafficPolicy: 'Cluster',
      loadBalancerClass: 'metal',
    })
    assert.deepEqual(patched(inside, balanced), { type: 'ClusterIP', externalTrafficPolicy: null })
  })

  for (const [one, other] of [
    [
      { namespace: 'a-b', name: 'c' },
      { namespace: 'a', name: 'b-c' },
    ],
    [
      { namespace: 'n'.repeat(63), name: 'x'.repeat(253) },
      { namespace: 'n'.repeat(63), name: `${'x'.repeat(252)}y` },
    ],
    [
      { namespace: 'a', name: 'b.c' },
      { namespace: 'a', name: 'b-c' },
    ],
  ] as const)
    test(`names of ${one.namespace.slice(0, 9)}/${one.name.slice(0, 9)} and its neighbour differ`, () => {
      const names = [gatewayServiceName('edge', one), gatewayServiceName('edge', other)]
      assert.notEqual(names[0], names[1])
      for (const name of names) assert.match(name, /^[a-z]([-a-z0-9]{0,61}[a-z0-9])$/)
      assert.match(labelValue(one.name), /^.{1,63}$/)
    })
})
