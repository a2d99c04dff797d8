import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Resources } from '../../../model/resources.ts'
import { parseResources } from '../../../../test/support/declared.ts'
import { translate } from '../../../../test/support/translate.ts'

interface Declared {
  readonly name: string
  readonly namespace?: string
  /** Year. */
  readonly made?: number
  readonly mode?: string
}

function policyYaml({ name, namespace = 'default', made, mode = 'Disabled' }: Declared): string {
  const at = made === undefined ? '' : `, creationTimestamp: '${made}-01-01T00:00:00Z'`
  const attributes =
    mode === 'Broken' ? 'attributes: [{ name: a, sourceType: Attribute, attributeKey: x }],' : ''
  const provider = 'provider: { backendRef: { group: portcullis.dev, kind: Backend, name: absent } }'
  const tracing = mode === 'Broken' ? `{ mode: Enabled, ${attributes} ${provider} }` : `{ mode: ${mode} }`
  return `
apiVersion: gateway.networking.x-k8s.io/v1alpha1
kind: XTelemetryPolicy
metadata: { name: ${name}, namespace: ${namespace}${at} }
spec:
  targetRefs: [{ group: gateway.networking.k8s.io, kind: Gateway, name: gw }]
  tracing: ${tracing}
`
}

const gateway = (namespace: string, port: number): string => `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: gw, namespace: ${namespace} }
spec:
  gatewayClassName: portcullis
  listeners: [{ name: http, protocol: HTTP, port: ${port} }]
`

/** Each row: policies as they are declared, and what is said of them. */
for (const [what, policies, expected] of [
  ['one', [{ name: 'a' }], { a: 'Accepted' }],
  [
    'the older one counts',
    [
      { name: 'a', made: 2026 },
      { name: 'b', made: 2025 },
    ],
    { a: 'Conflicted', b: 'Accepted' },
  ],
  [
    'of one age the first by name',
    [
      { name: 'b', made: 2025 },
      { name: 'a', made: 2025 },
    ],
    { a: 'Accepted', b: 'Conflicted' },
  ],
  [
    'whatever it says',
    [
      { name: 'a', made: 2025, mode: 'ImplementationDefault' },
      { name: 'b', made: 2026 },
    ],
    { a: 'Accepted', b: 'Conflicted' },
  ],
  [
    'but not one that cannot be served',
    [
      { name: 'a', made: 2025, mode: 'Broken' },
      { name: 'b', made: 2026 },
    ],
    { a: 'Invalid', b: 'Accepted' },
  ],
  [
    'each Gateway has its own',
    [{ name: 'a' }, { name: 'b', namespace: 'other' }],
    { a: 'Accepted', b: 'Accepted' },
  ],
] as const)
  test(`which policy a Gateway has: ${what}`, () => {
    const yaml = [gateway('default', 80), gateway('other', 81), ...policies.map(policyYaml)].join('---')
    const { resources, problems } = parseResources('p.yaml', yaml)
    assert.deepEqual(problems, [])
    const { conditions } = translate(Resources.of(resources))
    const said = conditions
      .filter(({ about, type }) => about.kind === 'XTelemetryPolicy' && type === 'Accepted')
      .map(({ about, reason }) => [about.name, reason])
    assert.deepEqual(Object.fromEntries(said), expected)
  })

for (const [what, modes, expected] of [
  ['none that can be served', ['Broken'], 'off'],
  ['one that cannot, and one that says as ever', ['Broken', 'ImplementationDefault'], undefined],
] as const)
  test(`where spans of a Gateway go that has ${what}`, () => {
    const policies = modes.map((mode, i) => policyYaml({ name: `p${i}`, mode }))
    const { resources } = parseResources('p.yaml', [gateway('default', 80), ...policies].join('---'))
    const { parts } = translate(Resources.of(resources))
    assert.equal(parts.ports[0]!.listeners[0]!.tracing, expected)
  })
