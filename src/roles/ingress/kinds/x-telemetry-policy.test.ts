import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseResources } from '../../../../test/support/declared.ts'

const target = '{ group: gateway.networking.k8s.io, kind: Gateway, name: gw }'
const provider = 'provider: { backendRef: { name: otel, port: 4318 } }'
const on = (more = ''): string => `{ mode: Enabled, ${provider}${more === '' ? '' : `, ${more}`} }`
const attribute = (fields: string): string => on(`attributes: [{ name: a, ${fields} }]`)

function problemsOf(tracing: string, targets = target): string[] {
  const text = `
apiVersion: gateway.networking.x-k8s.io/v1alpha1
kind: XTelemetryPolicy
metadata: { name: p }
spec: { targetRefs: [${targets}]${tracing === '' ? '' : `, tracing: ${tracing}`} }
`
  return parseResources('p.yaml', text).problems.map(({ position, path, message }) => {
    assert.equal(position!.line, 5)
    return `${path.slice(1).join('.')}: ${message}`
  })
}

const tooMuch = 'must not be more than the denominator (100 where absent)'

/** Each row: `spec.tracing`, and what is wrong with it. */
for (const [tracing, expected] of [
  ['{}', []],
  ['{ mode: Disabled }', []],
  ['{ mode: ImplementationDefault }', []],
  [on(), []],
  ['', ['tracing: is required, expected an object']],
  [
    '{ mode: On }',
    ['tracing.mode: unknown value "On", expected one of "Enabled", "Disabled", "ImplementationDefault"'],
  ],
  ['{ mode: Enabled }', ['tracing.provider: is required for mode Enabled']],
  [
    `{ mode: Disabled, ${provider} }`,
    ['tracing.provider: must be absent for mode Disabled, expected Enabled'],
  ],
  [
    '{ samplingRate: { numerator: 1 }, spanName: a }',
    ['samplingRate', 'spanName'].map(
      field => `tracing.${field}: must be absent for mode ImplementationDefault, expected Enabled`,
    ),
  ],
  [
    '{ mode: Enabled, provider: { backendRef: { name: otel } } }',
    ['tracing.provider.backendRef.port: is required for a Service'],
  ],
  [on('samplingRate: { numerator: 0 }'), []],
  [on('samplingRate: { numerator: 100 }'), []],
  [on('samplingRate: { numerator: 101 }'), [`tracing.samplingRate.numerator: ${tooMuch}`]],
  [on('samplingRate: { numerator: 6, denominator: 5 }'), [`tracing.samplingRate.numerator: ${tooMuch}`]],
  [on('parentBasedSampling: { mode: Enabled, samplingRate: { numerator: 5 } }'), []],
  [
    on('parentBasedSampling: { samplingRate: { numerator: 5 } }'),
    [
      'tracing.parentBasedSampling.samplingRate: must be absent for mode ImplementationDefault, expected Enabled',
    ],
  ],
  [attribute('sourceType: Literal, literalValue: x'), []],
  [attribute('sourceType: Header, headerName: X-A'), []],
  [attribute('sourceType: Attribute, attributeKey: http.route'), []],
  [
    attribute('sourceType: Header, literalValue: x'),
    [
      'tracing.attributes.0.headerName: is required for sourceType Header',
      'tracing.attributes.0.literalValue: must be absent for sourceType Header',
    ],
  ],
  [
    on('serviceName: "a b"'),
    ['tracing.serviceName: "a b" is not valid, expected a name like "shop-gateway"'],
  ],
] as const)
  test(`${tracing || 'without tracing'}: ${expected.length === 0 ? 'in order' : 'refused'}`, () =>
    assert.deepEqual(problemsOf(tracing), expected))

test('a target that is there twice', () =>
  assert.deepEqual(problemsOf('{}', `${target}, ${target}`), [
    'targetRefs.1: is there twice, expected each target once',
  ]))
