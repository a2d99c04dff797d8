import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parseResources } from '../../../test/support/declared.ts'
import { yamlOf } from '../../../test/support/resources.ts'
import { GATEWAY_API } from '../../model/kind.ts'
import type { ResourceRef } from '../../model/resource.ts'
import { keyOf, refKey, Resources } from '../../model/resources.ts'
import type { GatewayServiceWant } from '../../translation/gateway-services.ts'
import type { Known } from '../object-store.ts'
import { FOREIGN } from './made.ts'
import { planAliases } from './plan-aliases.ts'
import { newAlias, wantedAlias } from './wanted-alias.ts'

const settings = { namespace: 'gateways', deployment: 'edge', type: 'LoadBalancer' } as const

function wantOf(namespace: string, name: string, more: Partial<GatewayServiceWant> = {}): GatewayServiceWant {
  return {
    name: `edge-${namespace}-${name}`,
    gateway: { group: GATEWAY_API, kind: 'Gateway', namespace, name },
    ports: ['tcp 80'],
    address: null,
    labels: {},
    annotations: {},
    gatewayClass: 'portcullis',
    type: 'LoadBalancer',
    dataPlane: null,
    ...more,
  }
}

const gatewayOf = ({ gateway: { namespace, name }, gatewayClass }: GatewayServiceWant): object => ({
  apiVersion: `${GATEWAY_API}/v1`,
  kind: 'Gateway',
  metadata: { namespace, name },
  spec: { gatewayClassName: gatewayClass, listeners: [{ name: 'http', protocol: 'HTTP', port: 80 }] },
})

const aliasOf = (want: GatewayServiceWant): object =>
  newAlias(wantedAlias(want, settings, 'cluster.local'), { name: want.gateway.name, uid: 'u' })

/** `create shop/a-portcullis`, in the order in which they are sent. */
function planned(
  wants: readonly GatewayServiceWant[],
  objects: readonly object[],
  isKept: (ref: ResourceRef) => boolean = () => false,
) {
  const resources = Resources.of(parseResources('all.yaml', yamlOf(...objects)).resources)
  const all = new Map(resources.list.map(one => [keyOf(one), one]))
  const known = (ref: ResourceRef): Known | undefined => {
    const resource = all.get(refKey(ref))
    const version = isKept(ref) ? '' : '7'
    if (resource === undefined) return undefined
    const uid = isKept(ref) ? '' : `uid-of-${ref.name}`
    const validation = { resource, identity: null, problems: [] } as unknown as Known['validation']
    return { validation, resourceVersion: version, uid, status: {} }
  }
  const { writes, problems, inOrder, keys } = planAliases({
    resources,
    wants,
    settings,
    domain: 'cluster.local',
    known,
  })
  return {
    writes: writes.map(({ method, namespace = '', name }) => `${method} ${namespace}/${name}`),
    bodies: writes.map(({ body }) => body),
    problems: problems.map(({ namespace, name, problem }) => `${namespace}/${name}: ${problem}`),
    inOrder: inOrder.map(({ namespace, name }) => `${namespace}/${name}`),
    keys: [...keys],
  }
}

suite('aliases of Gateways', () => {
  const front = wantOf('shop', 'front')

  test('are made where there are none, for the Gateway that is there', () => {
    const { writes, bodies } = planned([front], [gatewayOf(front)])
    assert.deepEqual(writes, ['create shop/front-portcullis'])
    const { ownerReferences } = bodies[0]!['metadata'] as { readonly ownerReferences: readonly object[] }
    assert.deepEqual(ownerReferences, [
      { apiVersion: `${GATEWAY_API}/v1`, kind: 'Gateway', name: 'front', uid: 'uid-of-front' },
    ])
  })

  test('are left where they are as they are wanted', () => {
    const { writes, inOrder } = planned([front], [gatewayOf(front), aliasOf(front)])
    assert.deepEqual([writes, inOrder], [[], ['shop/front-portcullis']])
  })

  for (const [what, wants, objects, expected] of [
    ['of a Gateway that a file alone declares', [front], [], []],
    [
      'beside the Services of Gateways, which are names there',
      [wantOf('gateways', 'a')],
      [gatewayOf(wantOf('gateways', 'a'))],
      [],
    ],
    ['of a Gateway that is broken', [wantOf('shop', 'front', { ports: [] })], [gatewayOf(front)], []],
    [
      'that a broken Gateway has',
      [wantOf('shop', 'front', { ports: [] })],
      [gatewayOf(front), aliasOf(front)],
      [],
    ],
    [
      'of another class',
      [wantOf('shop', 'front', { gatewayClass: 'wide' })],
      [gatewayOf(front), aliasOf(front)],
      ['create shop/front-wide', 'delete shop/front-portcullis'],
    ],
    ['whose Gateway is gone', [], [aliasOf(front)], ['delete shop/front-portcullis']],
    ['whose Gateway is there and not in force yet', [], [gatewayOf(front), aliasOf(front)], []],
    [
      'whose Gateway is another controller’s',
      [],
      [
        {
          ...gatewayOf(front),
          spec: { gatewayClassName: 'theirs', listeners: [{ name: 'http', protocol: 'HTTP', port: 80 }] },
        },
        {
          apiVersion: `${GATEWAY_API}/v1`,
          kind: 'GatewayClass',
          metadata: { name: 'theirs' },
          spec: { controllerName: 'example.com/other' },
        },
        aliasOf(front),
      ],
      ['delete shop/front-portcullis'],
    ],
    [
      'of another deployment',
      [],
      [
        JSON.parse(
          JSON.stringify(aliasOf(front)).replace(
            '"portcullis.dev/gateway-alias-of":"edge"',
            '"portcullis.dev/gateway-alias-of":"other"',
          ),
        ) as object,
      ],
      [],
    ],
    [
      'that somebody has copied into another namespace',
      [front],
      [
        gatewayOf(front),
        aliasOf(front),
        JSON.parse(
          JSON.stringify(aliasOf(front)).replace('"namespace":"shop"', '"namespace":"theirs"'),
        ) as object,
      ],
      [],
    ],
  ] as const)
    test(`${what}: ${expected.join(', ') || 'nothing is written'}`, () => {
      assert.deepEqual(planned(wants, objects).writes, expected)
    })

  test('never take the place of what somebody else has made, nor of what he has made of one', () => {
    const theirs = (spec: object, labels: object = {}): object => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'front-portcullis', namespace: 'shop', labels },
      spec,
    })
    const made = aliasOf(front) as { readonly spec: object }
    for (const service of [
      theirs({ ports: [{ port: 80 }] }),
      theirs({ type: 'ExternalName', externalName: 'shop.example' }),
      { ...made, spec: { type: 'ClusterIP', ports: [{ port: 80 }] } },
      aliasOf(wantOf('shop', 'other', { gateway: { ...front.gateway, name: 'other' } })),
    ]) {
      const placed = JSON.parse(
        JSON.stringify(service).replace('"name":"other-portcullis"', '"name":"front-portcullis"'),
      ) as object
      const { writes, problems } = planned(
        [front],
        [gatewayOf(front), placed, gatewayOf(wantOf('shop', 'other'))],
      )
      assert.deepEqual([writes, problems], [[], [`shop/front-portcullis: ${FOREIGN}`]])
    }
  })

  test('of two Gateways that have one name there is one, and the other is told', () => {
    const [one, other] = [
      wantOf('shop', 'a', { gatewayClass: 'b-c' }),
      wantOf('shop', 'a-b', { gatewayClass: 'c' }),
    ]
    const both = [gatewayOf(one), gatewayOf(other)]
    const first = planned([one, other], both)
    assert.deepEqual(
      [first.writes, first.problems],
      [
        ['create shop/a-b-c'],
        ['shop/a-b-c: another Gateway of the namespace is called so too, and a-b has no name'],
      ],
    )
    // Who has it keeps it.
    const second = planned([one, other], [...both, aliasOf(other)])
    assert.deepEqual([second.writes, second.inOrder], [[], ['shop/a-b-c']])
  })

  test('are not judged by what was kept over a restart', () => {
    const isService = ({ kind }: ResourceRef) => kind === 'Service'
    const kept = planned(
      [wantOf('shop', 'front', { labels: { team: 'new' } })],
      [gatewayOf(front), aliasOf(front)],
      isService,
    )
    assert.deepEqual([kept.writes, kept.problems], [[], []])
    assert.deepEqual(planned([front], [gatewayOf(front)], () => true).writes, [])
  })
})
