import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Service } from '../../model/kinds/service.ts'
import {
  gatewayAliasName,
  isAliasOf,
  isMadeBy,
  type GatewayServiceWant,
} from '../../translation/gateway-services.ts'
import { aliasPatch, newAlias, wantedAlias } from './wanted-alias.ts'

const settings = { namespace: 'gateways', deployment: 'edge', type: 'LoadBalancer' } as const
const want: GatewayServiceWant = {
  gateway: { group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace: 'shop', name: 'front' },
  gatewayClass: 'portcullis',
  name: 'edge-shop-front-1',
  ports: ['tcp 80'],
  labels: { team: 'one', 'portcullis.dev/gateway-alias-of': 'another' },
  annotations: { 'example.com/kind': 'internal' },
  address: null,
  type: 'LoadBalancer',
  dataPlane: null,
}
const wanted = (of: GatewayServiceWant = want) => wantedAlias(of, settings, 'cluster.local')

/** What the server has once it was created, as it is read. */
function created(of: GatewayServiceWant = want): Service {
  const object = newAlias(wanted(of), { name: 'front', uid: 'u-1' })
  const { metadata, spec } = structuredClone(object) as Pick<Service, 'metadata'> & { readonly spec: object }
  return { apiVersion: 'v1', kind: 'Service', metadata, body: { spec }, at: () => null }
}

suite('the alias of a Gateway', () => {
  test('leads to its Service, belongs to it, and has the words of its infrastructure', () => {
    assert.deepEqual(newAlias(wanted(), { name: 'front', uid: 'u-1' }), {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {
        name: 'front-portcullis',
        namespace: 'shop',
        labels: {
          team: 'one',
          'app.kubernetes.io/managed-by': 'portcullis',
          'gateway.networking.k8s.io/gateway-name': 'front',
          'gateway.networking.k8s.io/gateway-class-name': 'portcullis',
          'portcullis.dev/gateway-namespace': 'shop',
          // A Gateway does not say whose the alias is.
          'portcullis.dev/gateway-alias-of': 'edge',
        },
        annotations: {
          'example.com/kind': 'internal',
          'external-dns.alpha.kubernetes.io/controller': 'portcullis.dev',
          'external-dns.kubernetes.io/controller': 'portcullis.dev',
          'portcullis.dev/gateway': 'shop/front',
          'portcullis.dev/propagated': '{"labels":["team"],"annotations":["example.com/kind"]}',
        },
        ownerReferences: [
          { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', name: 'front', uid: 'u-1' },
        ],
      },
      spec: { type: 'ExternalName', externalName: 'edge-shop-front-1.gateways.svc.cluster.local' },
    })
  })

  for (const [annotation, value] of [
    ['external-dns.alpha.kubernetes.io/hostname', 'shop.example'],
    ['external-dns.kubernetes.io/hostname', 'shop.example'],
    ['external-dns.kubernetes.io/controller', 'dns-controller'],
    ['tailscale.com/expose', 'true'],
  ] as const)
    test(`has no ${annotation}, by which others would act on it as on the Service`, () => {
      const { annotations } = wanted({ ...want, annotations: { [annotation]: value, 'example.com/a': 'b' } })
      assert.notEqual(annotations[annotation], value)
      assert.equal(annotations['example.com/a'], 'b')
    })

  test('is not written where it says what is wanted', () => {
    assert.equal(aliasPatch(wanted(), created()), null)
  })

  test('gets back what was changed by hand, and keeps what others have added', () => {
    const { metadata, body, ...rest } = created()
    const changed = {
      ...rest,
      metadata: { ...metadata, labels: { ...metadata.labels, team: 'theirs', more: 'yes' } },
      body: { spec: { ...body.spec, externalName: 'evil.example' } },
    }
    assert.deepEqual(aliasPatch(wanted(), changed), {
      metadata: { labels: { team: 'one' }, annotations: {} },
      spec: { externalName: 'edge-shop-front-1.gateways.svc.cluster.local' },
    })
  })

  test('is never taken for a Service that serves, nor is what somebody has made one of it', () => {
    const alias = created()
    assert.equal(isMadeBy(alias, 'edge'), false)
    assert.equal(isAliasOf(alias, 'edge'), true)
    assert.equal(isAliasOf(alias, 'other'), false)
    assert.equal(
      isAliasOf({ ...alias, body: { spec: { ...alias.body.spec, type: 'ClusterIP' } } }, 'edge'),
      false,
    )
  })
})

suite('the name of an alias', () => {
  for (const [gateway, gatewayClass, expected] of [
    ['front', 'portcullis', /^front-portcullis$/],
    ['a'.repeat(52), 'portcullis', /^a{52}-portcullis$/],
    ['a'.repeat(53), 'portcullis', /^a{52}-[0-9a-f]{10}$/],
    ['a'.repeat(253), 'b'.repeat(253), /^a{52}-[0-9a-f]{10}$/],
    ['shop.example', 'portcullis', /^shop-example-portcullis-[0-9a-f]{10}$/],
    ['1st', 'portcullis', /^gateway-1st-portcullis-[0-9a-f]{10}$/],
    [`${'a'.repeat(51)}.b`, 'c', /^a{51}-[0-9a-f]{10}$/],
  ] as const)
    test(`of ${gateway.slice(0, 20)} (${gateway.length}) of the class ${gatewayClass.slice(0, 20)}`, () => {
      const name = gatewayAliasName(gateway, gatewayClass)
      assert.match(name, expected)
      // RFC 1035.
      assert.match(name, /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/)
    })

  test('differs where what is cut off does', () => {
    const one = gatewayAliasName(`${'a'.repeat(100)}b`, 'c')
    assert.notEqual(one, gatewayAliasName(`${'a'.repeat(100)}d`, 'c'))
    assert.notEqual(gatewayAliasName('a.b', 'c'), gatewayAliasName('a-b', 'c'))
  })
})
