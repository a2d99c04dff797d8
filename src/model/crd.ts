import { GATEWAY_API, PORTCULLIS, type CelRule, type ResourceKind } from './kind.ts'
import type { Kinds } from './kinds.ts'

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
export type JsonObject = { readonly [key: string]: Json }

/**
 * The CustomResourceDefinition (apiextensions.k8s.io/v1) of each kind of ours, in the order of their names. What an
 * API server takes by it is what `check` takes as far as a schema and CEL can say that; `kubectl explain` shows the
 * same descriptions as editors and the reference.
 */
export function customResourceDefinitions({ all }: Kinds): readonly JsonObject[] {
  return all
    .filter(({ group }) => group === PORTCULLIS)
    .toSorted((a, b) => (a.plural < b.plural ? -1 : 1))
    .map(definitionOf)
}

function definitionOf(kind: ResourceKind): JsonObject {
  const { group, plural, scope, versions } = kind
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.${group}`,
      labels: isPolicy(kind) ? { 'gateway.networking.k8s.io/policy': 'Direct' } : {},
    },
    spec: {
      group,
      scope,
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural,
        singular: kind.kind.toLowerCase(),
        categories: ['portcullis'],
      },
      versions: versions.map((name, i) => ({
        name,
        served: true,
        storage: i === 0,
        schema: { openAPIV3Schema: objectSchema(kind) },
        subresources: { status: {} },
        additionalPrinterColumns: columns,
      })),
    },
  }
}

/** At whatever depth: of the object itself, or of what it attaches to. */
const columns: Json = [
  {
    name: 'Accepted',
    type: 'string',
    jsonPath: '.status..conditions[?(@.type=="Accepted")].status',
  },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
]

/** By which kubectl plugins know policies (GEP-713). */
function isPolicy({ schema }: ResourceKind): boolean {
  return within(plain(schema), ['spec', 'targetRefs']) !== null
}

function objectSchema(kind: ResourceKind): JsonObject {
  const body = structural((kind.cel ?? []).reduce(withRule, plain(kind.schema)))
  const { properties, required = [] } = body as { properties: JsonObject; required?: readonly string[] }
  return {
    type: 'object',
    description: `${body['description'] as string} Of the role ${kind.role}.`,
    required: [...required],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      ...properties,
      status,
    },
  }
}

function withRule(schema: JsonObject, { path, rule, message }: CelRule): JsonObject {
  return inside(schema, path === '' ? [] : path.split('.'), found => ({
    ...found,
    cel: [...((found['cel'] as Json[] | undefined) ?? []), { rule, message }],
  }))
}

/** The schema with `change` made at the end of the path, which must lead somewhere. */
function inside(
  schema: JsonObject,
  path: readonly string[],
  change: (found: JsonObject) => JsonObject,
): JsonObject {
  const [step, ...rest] = path
  if (step === undefined) return change(schema)
  const [key, next] =
    step !== '*'
      ? (['properties', schema['properties']] as const)
      : schema['items'] === undefined
        ? (['additionalProperties', schema['additionalProperties']] as const)
        : (['items', schema['items']] as const)
  if (!isObject(next)) throw new Error(`a CEL rule is for ${path.join('.')}, which is in no schema`)
  if (key !== 'properties') return { ...schema, [key]: inside(next, rest, change) }
  const property = next[step]
  if (!isObject(property)) throw new Error(`a CEL rule is for ${path.join('.')}, which is in no schema`)
  return { ...schema, properties: { ...next, [step]: inside(property, rest, change) } }
}

function within(schema: JsonObject, path: readonly string[]): JsonObject | null {
  let found: Json | undefined = schema
  for (const step of path) {
    const properties: Json | undefined = isObject(found) ? found['properties'] : undefined
    found = isObject(properties) ? properties[step] : undefined
  }
  return isObject(found) ? found : null
}

/** Keywords that say the same to an API server. */
const kept = new Set([
  'description',
  'enum',
  'items',
  'maximum',
  'maxItems',
  'maxLength',
  'maxProperties',
  'minimum',
  'minItems',
  'minLength',
  'minProperties',
  'properties',
  'required',
])

/**
 * A structural schema. Left out are defaults, which an API server would write into what is kept, where they would
 * be mistaken for what somebody chose; and `additionalProperties: false`, since what is unknown is refused anyway
 * (`kubectl` asks for that; others have it dropped with a warning).
 */
function structural(schema: JsonObject): JsonObject {
  const same = Object.entries(schema).filter(([key]) => kept.has(key))
  const rules: Json[] = [...((schema['cel'] as Json[] | undefined) ?? [])]
  const out: Record<string, Json> = { ...Object.fromEntries(same), ...typeOf(schema), ...listType(schema) }
  const { items, properties, additionalProperties: values, pattern, format } = schema
  if (isObject(items)) out['items'] = structural(items)
  if (isObject(properties))
    out['properties'] = Object.fromEntries(
      Object.entries(properties).map(([name, one]) => [name, structural(one as JsonObject)]),
    )
  if (isObject(values)) out['additionalProperties'] = structural(values)
  if (typeof pattern === 'string') out['pattern'] = withoutLookahead(pattern)
  if (typeof format === 'string') {
    const known = formatRules[format]
    if (known === undefined) throw new Error(`API servers know no format ${format}`)
    const { pattern: source, rule } = known
    if (source !== undefined) out['pattern'] = source
    if (rule !== undefined) rules.push({ rule, message: `expected ${schema['expected'] as string}` })
  }
  if (rules.length > 0) out['x-kubernetes-validations'] = rules
  return out
}

/** Formats of ours (formats.ts). */
const formatRules: Readonly<Record<string, { readonly pattern?: string; readonly rule?: string }>> = {
  address: {
    rule: String.raw`isIP(self) || (self.matches('^([A-Za-z0-9_]([-A-Za-z0-9_]{0,61}[A-Za-z0-9_])?)([.][A-Za-z0-9_]([-A-Za-z0-9_]{0,61}[A-Za-z0-9_])?)*[.]?$') && !self.matches('(^|[.])([0-9]+|0[xX][0-9a-fA-F]*)[.]?$'))`,
  },
  'address-range': { rule: 'isIP(self) || isCIDR(self)' },
  'byte-quantity': { pattern: '^[0-9]{1,16}([.][0-9]{1,9})?(Ki|Mi|Gi|Ti|Pi|k|M|G|T|P)?$' },
}

/** Patterns are RE2 there, which looks at nothing ahead: what ours forbid so is found when the object is read. */
function withoutLookahead(pattern: string): string {
  return pattern.replace(/^\^\(\?!.*?__proto__.*?\$\)+(?=[[\]A-Za-z(])/, '^')
}

function typeOf({ type, properties, additionalProperties, enum: values }: JsonObject): Record<string, Json> {
  if (Array.isArray(type))
    return type.includes('integer')
      ? { 'x-kubernetes-int-or-string': true }
      : { 'x-kubernetes-preserve-unknown-fields': true }
  const isOpen = type === 'object' && properties === undefined && additionalProperties === undefined
  if (isOpen) return { type, 'x-kubernetes-preserve-unknown-fields': true }
  if (typeof type === 'string') return { type }
  return Array.isArray(values) ? { type: 'string' } : { 'x-kubernetes-preserve-unknown-fields': true }
}

/** By which server-side apply knows the elements of a list again. */
function listType({ type, items, uniqueItems, uniqueBy }: JsonObject): Record<string, Json> {
  if (type !== 'array' || !isObject(items)) return {}
  const { required = [] } = items as { required?: readonly string[] }
  if (typeof uniqueBy === 'string' && required.includes(uniqueBy))
    return { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': [uniqueBy] }
  const isScalar = items['type'] !== 'object' && items['type'] !== 'array'
  return { 'x-kubernetes-list-type': uniqueItems === true && isScalar ? 'set' : 'atomic' }
}

/** TypeBox keeps what is its own in symbols and undefined values, which JSON leaves out. */
function plain(schema: object): JsonObject {
  return JSON.parse(JSON.stringify(schema)) as JsonObject
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const conditions: JsonObject = {
  type: 'array',
  description: 'Whether it is accepted, and in force.',
  maxItems: 8,
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['type'],
  items: {
    type: 'object',
    required: ['type', 'status', 'lastTransitionTime', 'reason', 'message'],
    properties: {
      type: { type: 'string', maxLength: 316 },
      status: { type: 'string', enum: ['True', 'False', 'Unknown'] },
      observedGeneration: { type: 'integer', format: 'int64', minimum: 0 },
      lastTransitionTime: { type: 'string', format: 'date-time' },
      reason: { type: 'string', minLength: 1, maxLength: 1024 },
      message: { type: 'string', maxLength: 32_768 },
    },
  },
}

/** What is said of the object itself, and beside it PolicyStatus of gateway.networking.k8s.io/v1 (GEP-713). */
const status: JsonObject = {
  type: 'object',
  description: 'What became of it.',
  properties: {
    conditions,
    ancestors: {
      type: 'array',
      description: 'What became of it at each object that it is for.',
      maxItems: 16,
      'x-kubernetes-list-type': 'atomic',
      items: {
        type: 'object',
        required: ['ancestorRef', 'controllerName', 'conditions'],
        properties: {
          ancestorRef: {
            type: 'object',
            description: `An object that it counts for, by default of ${GATEWAY_API}.`,
            required: ['name'],
            properties: {
              group: { type: 'string', maxLength: 253 },
              kind: { type: 'string', maxLength: 63 },
              namespace: { type: 'string', maxLength: 63 },
              name: { type: 'string', maxLength: 253 },
              sectionName: { type: 'string', maxLength: 253 },
              port: { type: 'integer', format: 'int32' },
            },
          },
          controllerName: { type: 'string', description: 'Who wrote this.', maxLength: 253 },
          conditions,
        },
      },
    },
  },
}
