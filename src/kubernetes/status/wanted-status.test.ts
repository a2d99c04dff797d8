import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Condition, Resource } from '../../model/resource.ts'
import { keyOf, refOf } from '../../model/resources.ts'
import { wantedStatus } from './wanted-status.ts'

function resource(
  apiVersion: string,
  kind: string,
  name: string,
  generation: number,
  spec: object,
): Resource {
  const metadata = { name, namespace: 'default', generation }
  return { apiVersion, kind, metadata, body: { spec }, at: () => null }
}

const GATEWAY_API = 'gateway.networking.k8s.io/v1'
const gateway = resource(GATEWAY_API, 'Gateway', 'front', 3, {})
const route = resource(GATEWAY_API, 'HTTPRoute', 'items', 7, {
  parentRefs: [{ name: 'front' }, { name: 'front', sectionName: 'http' }],
})
const policy = resource('portcullis.dev/v1alpha1', 'TrafficPolicy', 'local', 1, {})
const backend = resource('portcullis.dev/v1alpha1', 'Backend', 'up', 2, {})
const front = refOf(gateway)
const said = {
  addresses: ['192.0.2.1', 'gateway.example'],
  features: ['Gateway'],
  gateways: new Map([[keyOf(gateway), { about: front, addresses: [], listeners: [] }]]),
}
const condition = (type: string, status: Condition['status'] = 'True', more: object = {}): Condition => ({
  about: front,
  type,
  status,
  reason: type,
  message: 'm',
  ...more,
})
const NOW = '2026-02-02T00:00:00Z'
const BEFORE = '2026-01-01T00:00:00Z'
const api = (type: string, status: string, observedGeneration: number, lastTransitionTime = NOW) => ({
  type,
  status,
  reason: type,
  message: 'm',
  observedGeneration,
  lastTransitionTime,
})
const foreignEntry = { controllerName: 'example.com/x', parentRef: { name: 'front' }, conditions: [] }

suite('the status that is wanted', () => {
  const cases: readonly (readonly [
    what: string,
    resource: Resource,
    conditions: readonly Condition[],
    before: unknown,
    expected: unknown,
  ])[] = [
    [
      'of a Gateway of another class is nothing',
      { ...gateway, metadata: { ...gateway.metadata, name: 'x' } },
      [],
      {},
      null,
    ],
    [
      'has addresses once it is programmed, and conditions of others',
      gateway,
      [condition('Programmed')],
      {
        conditions: [
          { type: 'example.com/Checked', status: 'True' },
          api('Programmed', 'Unknown', 2, BEFORE),
        ],
      },
      {
        addresses: [
          { type: 'IPAddress', value: '192.0.2.1' },
          { type: 'Hostname', value: 'gateway.example' },
        ],
        conditions: [api('Programmed', 'True', 3), { type: 'example.com/Checked', status: 'True' }],
        listeners: [],
      },
    ],
    [
      'has none before, and keeps the time of what has not changed',
      gateway,
      [condition('Programmed', 'False')],
      { conditions: [api('Programmed', 'False', 2, BEFORE)] },
      { addresses: [], conditions: [api('Programmed', 'False', 3, BEFORE)], listeners: [] },
    ],
    [
      'of a route is by parent, behind those of others',
      route,
      [condition('Accepted', 'True', { parent: front }), condition('NotServed')],
      { parents: [foreignEntry] },
      {
        parents: [
          foreignEntry,
          {
            parentRef: { name: 'front' },
            controllerName: 'portcullis.dev/gateway',
            conditions: [api('Accepted', 'True', 7), api('NotServed', 'True', 7)],
          },
        ],
      },
    ],
    [
      'of a parent by section is not that of the whole',
      route,
      [condition('Accepted', 'False', { parent: { ...front, sectionName: 'http' } })],
      undefined,
      {
        parents: [
          {
            parentRef: { name: 'front', sectionName: 'http' },
            controllerName: 'portcullis.dev/gateway',
            conditions: [api('Accepted', 'False', 7)],
          },
        ],
      },
    ],
    ['of a route without parents of ours is nothing', route, [], { parents: [foreignEntry] }, null],
    [
      'leaves out a Gateway that is not there',
      route,
      [condition('Accepted', 'False', { parent: { ...front, name: 'gone' } })],
      {},
      null,
    ],
    [
      'leaves a Service to a mesh, and a set of listeners to who has it',
      resource(GATEWAY_API, 'HTTPRoute', 'items', 7, {
        parentRefs: [
          { group: '', kind: 'Service', name: 'front' },
          { kind: 'ListenerSet', name: 'front' },
          { name: 'front' },
        ],
      }),
      [
        condition('Accepted', 'False', { parent: { ...front, group: '', kind: 'Service' } }),
        condition('Accepted', 'False', { parent: { ...front, kind: 'ListenerSet' } }),
        condition('Accepted', 'True', { parent: front }),
      ],
      {},
      {
        parents: [
          {
            parentRef: { name: 'front' },
            controllerName: 'portcullis.dev/gateway',
            conditions: [api('Accepted', 'True', 7)],
          },
        ],
      },
    ],
    [
      'takes entries of ours away with their parents',
      route,
      [],
      { parents: [{ ...foreignEntry, controllerName: 'portcullis.dev/gateway' }] },
      { parents: [] },
    ],
    [
      'of a policy is by ancestor',
      policy,
      [condition('Accepted', 'True', { parent: front })],
      {},
      {
        ancestors: [
          {
            ancestorRef: front,
            controllerName: 'portcullis.dev/gateway',
            conditions: [api('Accepted', 'True', 1)],
          },
        ],
      },
    ],
    [
      'of one of ours without targets is its conditions',
      backend,
      [condition('NotServed')],
      {},
      { conditions: [api('NotServed', 'True', 2)] },
    ],
    ['of one of which nothing is said is nothing', backend, [], undefined, null],
  ]
  for (const [what, object, conditions, before, expected] of cases)
    test(what, () => {
      const wanted = wantedStatus({ ...said, resource: object, conditions }, before, NOW)
      assert.deepEqual(wanted, expected)
    })
  const listening = {
    ...said,
    gateways: new Map([
      [
        keyOf(gateway),
        {
          about: front,
          addresses: [],
          listeners: [{ name: 'http', attachedRoutes: 0, supportedKinds: [] }],
        },
      ],
    ]),
  }
  interface Written {
    readonly conditions: readonly { readonly type: string }[]
    readonly listeners: readonly Pick<Written, 'conditions'>[]
  }
  const typesOf = ({ conditions }: Pick<Written, 'conditions'>): string[] => conditions.map(one => one.type)

  for (const type of [
    'Accepted',
    'Programmed',
    'ResolvedRefs',
    'Conflicted',
    'OverlappingTLSConfig',
    'InsecureFrontendValidationMode',
    'PartiallyInvalid',
    'NotServed',
    'Closed',
    'Current',
    'OfTomorrow',
  ])
    test(`has ${type} of a Gateway and a listener once`, () => {
      const conditions = [
        condition('Programmed'),
        condition(type),
        condition(type, 'True', { listener: 'http' }),
      ]
      const write = (before: unknown, told = conditions) =>
        wantedStatus({ ...listening, resource: gateway, conditions: told }, before, NOW) as unknown as Written
      const again = write(write(undefined))
      assert.deepEqual(typesOf(again), [...new Set(['Programmed', type])])
      assert.deepEqual(again.listeners.map(typesOf), [[type]])
      if (type === 'OfTomorrow') return
      const mended = write(again, [condition('Accepted')])
      assert.deepEqual([typesOf(mended), mended.listeners.map(typesOf)], [['Accepted'], [[]]])
    })

  test('has of a ListenerSet what it has of a Gateway, without addresses, and of a Gateway how many there are', () => {
    const set = resource(GATEWAY_API, 'ListenerSet', 'more', 5, { parentRef: { name: 'front' } })
    const about = refOf(set)
    const listeners = [{ name: 'http', attachedRoutes: 1, supportedKinds: [] }]
    const gateways = (attached: object) =>
      new Map([
        [keyOf(gateway), { about: front, addresses: [], listeners: [], ...attached }],
        [keyOf(set), { about, addresses: [], listeners }],
      ])
    const conditions = [condition('Accepted'), condition('Accepted', 'False', { listener: 'http' })]
    const told = { ...said, gateways: gateways({ attachedListenerSets: 1 }) }
    assert.deepEqual(wantedStatus({ ...told, resource: set, conditions }, {}, NOW), {
      conditions: [api('Accepted', 'True', 5)],
      listeners: [{ ...listeners[0], conditions: [api('Accepted', 'False', 5)] }],
    })
    const countIn = (before: object, all = told) =>
      (wantedStatus({ ...all, resource: gateway, conditions }, before, NOW) as Record<string, unknown>)[
        'attachedListenerSets'
      ]
    const none = { ...said, gateways: gateways({}) }
    assert.deepEqual(
      [countIn({}), countIn({}, none), countIn({ attachedListenerSets: 1 }, none)],
      [1, undefined, 0],
    )
    assert.equal(wantedStatus({ ...said, resource: set, conditions }, {}, NOW), null)
  })

  for (const [kind, served] of [
    ['Gateway', 'the proxy serves this Gateway'],
    ['ListenerSet', 'the proxy serves this ListenerSet'],
  ] as const)
    test(`takes back what we have said of a ${kind} for which nobody is responsible any more`, () => {
      const own = resource(GATEWAY_API, kind, 'gone', 5, {})
      const told = {
        ...said,
        resource: own,
        conditions: [condition('Accepted', 'Unknown'), condition('Programmed', 'Unknown')],
      }
      const before = {
        addresses: [{ type: 'IPAddress', value: '192.0.2.1' }],
        attachedListenerSets: 1,
        conditions: [
          api('Accepted', 'True', 5, BEFORE),
          { ...api('Programmed', 'True', 5, BEFORE), message: served },
          { type: 'example.com/Checked', status: 'True' },
        ],
        listeners: [{ name: 'http', attachedRoutes: 1, conditions: [api('Accepted', 'True', 5, BEFORE)] }],
      }
      const written = wantedStatus(told, before, NOW)
      assert.deepEqual(written, {
        ...(kind === 'Gateway' && { addresses: [], attachedListenerSets: 0 }),
        conditions: [
          api('Accepted', 'Unknown', 5),
          api('Programmed', 'Unknown', 5),
          { type: 'example.com/Checked', status: 'True' },
        ],
        listeners: [],
      })
      assert.equal(wantedStatus(told, { ...before, ...written }, NOW), null)
      const theirs = before.conditions.map(one => ({ ...one, message: 'of another controller' }))
      assert.equal(wantedStatus(told, { ...before, conditions: theirs }, NOW), null)
    })

  test('has no more parents than a server takes, those of others first', () => {
    const others = Array.from({ length: 31 }, () => foreignEntry)
    const conditions = [
      condition('Accepted', 'True', { parent: front }),
      condition('Accepted', 'True', { parent: { ...front, sectionName: 'http' } }),
    ]
    const written = wantedStatus({ ...said, resource: route, conditions }, { parents: others }, NOW)
    const { parents } = written as { readonly parents: readonly (typeof foreignEntry)[] }
    assert.deepEqual([parents.length, parents[31]?.controllerName], [32, 'portcullis.dev/gateway'])
  })

  test('has no more conditions than a server takes, ours first', () => {
    const before = {
      conditions: Array.from({ length: 8 }, (_, i) => ({ type: `example.com/${i}`, status: 'True' })),
    }
    const told = { ...said, resource: gateway, conditions: [condition('Accepted'), condition('Programmed')] }
    const written = wantedStatus(told, before, NOW) as unknown as Written
    assert.deepEqual(typesOf(written).slice(0, 3), ['Accepted', 'Programmed', 'example.com/0'])
    assert.equal(written.conditions.length, 8)
  })
})
