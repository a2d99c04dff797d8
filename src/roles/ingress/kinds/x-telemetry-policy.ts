import { Type } from 'typebox'
import { routeDefaults, tracingDefaults } from '../../../model/defaults.ts'
import { GATEWAY_API_EXPERIMENTS, type ResourceKind } from '../../../model/kind.ts'
import { backendRefRules } from '../../../model/kinds/http-filter-rules.ts'
import { backendObjectReference, fraction, headerName, headers } from '../../../model/kinds/http-filters.ts'
import {
  list,
  localObjectReference,
  mapList,
  object,
  optional,
  pattern,
  repeated,
  required,
  text,
  type Shape,
  type Violation,
} from '../../../model/kinds/shapes.ts'
import type { FieldPath, Resource } from '../../../model/resource.ts'

const modes = ['Enabled', 'Disabled', 'ImplementationDefault']

const attribute = object({
  name: required(
    pattern('^[a-zA-Z0-9_.:/-]+$', 'a name like "tenant" or "app.tier"', 256),
    'The key that the attribute has in the span. One of the conventions by this name gives way.',
  ),
  sourceType: required(
    Type.Enum(['Header', 'Literal', 'Attribute']),
    'Where its value comes from: which of the three fields below is there.',
  ),
  headerName: optional(
    headerName,
    'For Header: of the request as the client sent it, else of the answer; up to 1024 characters. What carries a credential by its name is [redacted].',
  ),
  literalValue: optional(text(1024, 1), 'For Literal: the value itself.'),
  attributeKey: optional(
    pattern('^[a-z0-9_.-]+$', 'a key like "http.response.status_code"', 256),
    'For Attribute: a key of the conventions of OpenTelemetry whose value the span has anyway, here under another name.',
  ),
})

const parentBasedSampling = object({
  mode: optional(
    Type.Enum(modes),
    'Enabled, and ImplementationDefault here: whether a trace is told is as who began it decided. Disabled: `samplingRate` decides of all.',
    tracingDefaults.mode,
  ),
  samplingRate: optional(
    fraction,
    'Of traces that who began them has told of, how many are told here too; left out, all.',
  ),
})

const provider = object({
  backendRef: required(
    backendObjectReference,
    'The collector: a Service or a Backend that takes OTLP/HTTP with JSON (POST /v1/traces, port 4318 by custom). A BackendTLSPolicy for it has it reached by TLS.',
  ),
  headers: optional(headers, 'Headers that it is sent, such as a key.'),
})

const tracing = object({
  mode: optional(
    Type.Enum(modes),
    'Enabled: spans go to the provider. Disabled: there are none. ImplementationDefault: as `portcullis run --otlp` says.',
    tracingDefaults.mode,
  ),
  provider: optional(provider, 'Who is sent the spans. Required for Enabled, and absent otherwise.'),
  samplingRate: optional(fraction, 'Of traces that begin here, how many are told; left out, all.'),
  parentBasedSampling: optional(
    parentBasedSampling,
    'What becomes of traces that others have begun (`traceparent`).',
  ),
  serviceName: optional(
    pattern('^[a-zA-Z0-9_.:/-]+$', 'a name like "shop-gateway"', 253),
    'service.name of what is exported; left out, that of the process (OTEL_SERVICE_NAME, else portcullis).',
  ),
  spanName: optional(
    pattern('^[a-zA-Z0-9_.:/-]+( [a-zA-Z0-9_.:/-]+)*$', 'words of letters, digits and _ . : / -', 256),
    'The name of the span of a request; left out, its method and route, or the method of gRPC. Spans below it keep theirs.',
  ),
  attributes: optional(
    mapList(attribute, 'name', 0, 128),
    'What each span has beside what the conventions name.',
  ),
})

/** gateway.networking.x-k8s.io XTelemetryPolicy, v1alpha1 of release v1.7.0. */
const schema = object(
  {
    spec: required(
      object({
        targetRefs: required(
          list(localObjectReference, 1, 16),
          'Gateways. Of two policies for one of them the older one counts, and then the first by name.',
        ),
        tracing: required(tracing, 'Spans of requests, and of what is done for them.'),
      }),
      'Which Gateways, and what is told of their requests.',
    ),
  },
  {
    description:
      'Spans of requests of a Gateway go to a collector of its own, or nowhere. Of the experimental channel of Gateway API.',
  },
)

export type XTelemetryPolicyBody = Shape<typeof schema>
export type XTelemetryPolicy = Resource<XTelemetryPolicyBody>
export type Tracing = XTelemetryPolicyBody['spec']['tracing']
export type Fraction = NonNullable<Tracing['samplingRate']>

export const XTelemetryPolicy: ResourceKind<XTelemetryPolicy> = {
  group: GATEWAY_API_EXPERIMENTS,
  versions: ['v1alpha1'],
  kind: 'XTelemetryPolicy',
  plural: 'xtelemetrypolicies',
  scope: 'Namespaced',
  role: 'ingress',
  schema,
  rules,
}

/** The CEL rules of the CRD (v1.7.0), and what its comments say. */
function rules({ spec }: XTelemetryPolicyBody): Violation[] {
  const path = ['spec', 'tracing']
  return [
    ...repeated(spec.targetRefs, ({ group, kind, name }) => `${group} ${kind} ${name}`).map(i => ({
      path: ['spec', 'targetRefs', i],
      message: 'is there twice, expected each target once',
    })),
    ...modeRules(spec.tracing, path),
    ...(spec.tracing.provider === undefined
      ? []
      : backendRefRules(spec.tracing.provider.backendRef, [...path, 'provider', 'backendRef'])),
    ...fractionRules(spec.tracing.samplingRate, [...path, 'samplingRate']),
    ...parentRules(spec.tracing, [...path, 'parentBasedSampling']),
    ...(spec.tracing.attributes ?? []).flatMap((one, i) => attributeRules(one, [...path, 'attributes', i])),
  ]
}

function modeRules(spec: Tracing, path: FieldPath): Violation[] {
  const { mode = tracingDefaults.mode } = spec
  if (mode === 'Enabled')
    return spec.provider === undefined
      ? [{ path: [...path, 'provider'], message: 'is required for mode Enabled' }]
      : []
  const own = ['provider', 'samplingRate', 'parentBasedSampling', 'serviceName', 'spanName', 'attributes']
  return own
    .filter(field => spec[field as keyof Tracing] !== undefined)
    .map(field => ({ path: [...path, field], message: `must be absent for mode ${mode}, expected Enabled` }))
}

function parentRules({ parentBasedSampling: parents }: Tracing, path: FieldPath): Violation[] {
  if (parents?.samplingRate === undefined) return []
  const { mode = tracingDefaults.mode, samplingRate } = parents
  const at = [...path, 'samplingRate']
  const other = { path: at, message: `must be absent for mode ${mode}, expected Enabled` }
  return [...(mode === 'Enabled' ? [] : [other]), ...fractionRules(samplingRate, at)]
}

function fractionRules(share: Fraction | undefined, path: FieldPath): Violation[] {
  if (share === undefined || share.numerator <= (share.denominator ?? routeDefaults.mirrorDenominator))
    return []
  const message = 'must not be more than the denominator (100 where absent)'
  return [{ path: [...path, 'numerator'], message }]
}

const valueFields = { Header: 'headerName', Literal: 'literalValue', Attribute: 'attributeKey' } as const

function attributeRules(one: NonNullable<Tracing['attributes']>[number], path: FieldPath): Violation[] {
  const sourceType = one.sourceType as keyof typeof valueFields
  const wanted = valueFields[sourceType]
  return Object.values(valueFields).flatMap(field => {
    if ((one[field] !== undefined) === (field === wanted)) return []
    const why = field === wanted ? 'is required for' : 'must be absent for'
    return [{ path: [...path, field], message: `${why} sourceType ${sourceType}` }]
  })
}
