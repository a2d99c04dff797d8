import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Resource } from '../../model/resource.ts'
import { Resources } from '../../model/resources.ts'
import { parseResources } from '../../../test/support/declared.ts'
import { translate } from '../../../test/support/translate.ts'

const api = 'gateway.networking.k8s.io/v1'
const object = (
  apiVersion: string,
  kind: string,
  name: string,
  rest: object,
  namespace = 'default',
): object => ({
  apiVersion,
  kind,
  metadata: { name, namespace },
  ...rest,
})
const hostnames = fc.constantFrom([], ['a.example'], ['*.example'], ['b.example', 'a.example'])
const backend = fc.constantFrom(
  { name: 's', port: 80 },
  { name: 's', port: 81 },
  { name: 's', namespace: 'other', port: 80 },
  { group: 'portcullis.dev', kind: 'Backend', name: 'b' },
  { group: 'portcullis.dev', kind: 'Backend', name: 'b', port: 9000 },
  {
    name: 's',
    port: 80,
    filters: [{ type: 'ExtensionRef', extensionRef: { group: 'x', kind: 'Y', name: 'z' } }],
  },
)
const filters = fc.constantFrom(
  [],
  [
    {
      type: 'RequestMirror',
      requestMirror: { backendRef: { group: 'portcullis.dev', kind: 'Backend', name: 'b' } },
    },
  ],
  [{ type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'x', value: 'y' }] } }],
  [{ type: 'ExtensionRef', extensionRef: { group: 'x', kind: 'Y', name: 'z' } }],
)
const path = fc.constantFrom('/', '/a', '/a/b', '/c')
const names = fc.constantFrom('x', 'y', 'z')

const httpRule = fc.record({
  matches: fc.constant([]).chain(() => path.map(value => [{ path: { value } }])),
  filters,
  backendRefs: fc.array(backend, { maxLength: 2 }),
})
const httpRoute = fc
  .tuple(names, hostnames, fc.array(httpRule, { minLength: 1, maxLength: 3 }))
  .map(([name, hosts, rules]) =>
    object(api, 'HTTPRoute', name, { spec: { parentRefs: [{ name: 'gw' }], hostnames: hosts, rules } }),
  )
const grpcRoute = fc
  .tuple(names, hostnames, fc.array(backend, { maxLength: 2 }))
  .map(([name, hosts, backendRefs]) =>
    object(api, 'GRPCRoute', name, {
      spec: { parentRefs: [{ name: 'gw' }], hostnames: hosts, rules: [{ backendRefs }] },
    }),
  )
const service = fc
  .tuple(fc.constantFrom('default', 'other'), fc.constantFrom(undefined, 'https', 'kubernetes.io/h2c'))
  .map(([namespace, appProtocol]) =>
    object(
      'v1',
      'Service',
      's',
      { spec: { clusterIP: '10.0.0.1', ports: [{ name: 'p', port: 80, appProtocol }] } },
      namespace,
    ),
  )
const ours = fc.constantFrom('http', 'h2c', 'https', 'udp').map(protocol =>
  object('portcullis.dev/v1alpha1', 'Backend', 'b', {
    spec: { protocol, endpoints: [{ address: '127.0.0.1', port: 9000 }] },
  }),
)
const grant = fc.constant(
  object(
    'gateway.networking.k8s.io/v1beta1',
    'ReferenceGrant',
    'g',
    {
      spec: {
        from: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'default' }],
        to: [{ group: '', kind: 'Service' }],
      },
    },
    'other',
  ),
)
const tls = fc.constant(
  object(api, 'BackendTLSPolicy', 'p', {
    spec: {
      targetRefs: [{ group: '', kind: 'Service', name: 's' }],
      validation: { hostname: 'a.example', wellKnownCACertificates: 'System' },
    },
  }),
)
const policy = fc.constantFrom('Gateway gw', 'HTTPRoute x', 'Service s').map(target => {
  const [kind = '', name = ''] = target.split(' ')
  return object('x.example/v1', 'Auth', 'auth', { spec: { targetRef: { kind, name } } })
})
const gateway = fc.constantFrom('', 'a.example').map(hostname =>
  object(api, 'Gateway', 'gw', {
    spec: {
      gatewayClassName: 'portcullis',
      listeners: [{ name: 'http', port: 80, protocol: 'HTTP', ...(hostname && { hostname }) }],
    },
  }),
)

/** One object comes, in front of or behind others, in place of one of its name if there is one; or one goes. */
const step = fc.record({
  text: fc
    .oneof(httpRoute, httpRoute, grpcRoute, service, ours, grant, tls, policy, gateway)
    .map(one => JSON.stringify(one)),
  goes: fc.boolean(),
  first: fc.boolean(),
})

type Parsed = ReturnType<typeof parseResources>

const nameOf = (text: string): string => {
  const { kind, metadata } = JSON.parse(text) as {
    kind: string
    metadata: { namespace: string; name: string }
  }
  return `${kind} ${metadata.namespace} ${metadata.name}`
}

const together = (list: readonly Parsed[], of: (one: Resource) => Resource = one => one): Resources =>
  Resources.of(
    list.flatMap(({ resources }) => resources.map(of)),
    list.flatMap(({ unenforced }) => unenforced),
  )

test('a translation after others is what it would be from nothing', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), fc.context(), (steps, context) => {
      let all: (readonly [name: string, parsed: Parsed])[] = []
      for (const { text, goes, first } of [
        {
          text: JSON.stringify(
            object(api, 'Gateway', 'gw', {
              spec: {
                gatewayClassName: 'portcullis',
                listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }],
              },
            }),
          ),
          goes: false,
          first: true,
        },
        ...steps,
      ]) {
        const name = nameOf(text)
        const left = all.filter(([one]) => one !== name)
        const parsed = [name, parseResources('a.yaml', text)] as const
        all = goes ? left : first ? [parsed, ...left] : [...left, parsed]
        const list = all.map(([, one]) => one)
        context.log(`${goes ? 'without' : 'with'} ${text}`)
        // Objects that nobody has seen are not known.
        assert.deepEqual(
          translate(together(list)),
          translate(together(list, one => ({ ...one, body: structuredClone(one.body) }))),
        )
      }
    }),
    { numRuns: 300 },
  )
})
