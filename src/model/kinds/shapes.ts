import { Type, type Static, type TProperties, type TSchema } from 'typebox'
import type { FieldPath } from '../resource.ts'

/** What a kind's rules find beyond its schema. `path` begins at the body: `['spec', 'rules', 0]`. */
export interface Violation {
  readonly path: FieldPath
  readonly message: string
  /** A core Service that it speaks of, by the names of a reference. */
  readonly service?: { readonly name: string; readonly namespace?: string | undefined }
}

/** Bodies are frozen when they are read; their types say so. */
export type Frozen<T> = T extends object ? { readonly [K in keyof T]: Frozen<T[K]> } : T

/** The static, frozen type of a schema. */
export type Shape<S extends TSchema> = Frozen<Static<S>>

// Besides JSON Schema's own, the schemas use two keywords that schema-compiler.ts defines: `expected` says in
// words what a pattern or a format wants (it completes "expected …"), and `uniqueBy` names the field by
// which a list is a map (Kubernetes' x-kubernetes-list-map-keys). `writeOnly` keeps a value out of messages.

/**
 * An object that knows all its fields: an unknown one is an error. Its fields are made by `required` and `optional`. A
 * shape with a title is told once in the reference; the description is for a kind as a whole.
 */
export function object<P extends TProperties>(
  properties: P,
  about: { readonly title?: string; readonly description?: string } = {},
) {
  return Type.Object(properties, { additionalProperties: false, ...about })
}

/** A field that must be there. The description is for people: editors show it, and docs/reference/kinds.md. */
export function required<S extends TSchema>(schema: S, description: string): S {
  return { ...schema, description }
}

/** A field that may be left out; `standard` is what counts then, where that is always the same, and ends the description. */
export function optional<S extends TSchema>(schema: S, description: string, standard?: Static<S>) {
  if (standard === undefined) return Type.Optional(required(schema, description))
  const whole = required(schema, `${description} Default: ${shown(standard)}.`)
  return Type.Optional<S>({ ...whole, default: standard })
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.join(', ')
  return typeof value === 'string' && value !== '' ? value : JSON.stringify(value)
}

export function list<S extends TSchema>(items: S, minItems: number, maxItems: number) {
  return Type.Array(items, { minItems, maxItems })
}

/** A list whose items differ (x-kubernetes-list-type: set). */
export function set<S extends TSchema>(items: S, maxItems: number) {
  return Type.Array(items, { maxItems, uniqueItems: true })
}

/** A list whose items differ in the field `key` (x-kubernetes-list-type: map). */
export function mapList<S extends TSchema>(items: S, key: string, minItems: number, maxItems: number) {
  return Type.Array(items, { minItems, maxItems, uniqueBy: key })
}

/** An object with keys of the user's choice. Not Type.Record: its pattern does not see keys with line breaks. */
export function record<S extends TSchema>(values: S, maxProperties?: number) {
  const limit = maxProperties === undefined ? {} : { maxProperties }
  return Type.Unsafe<Record<string, Static<S>>>({ type: 'object', additionalProperties: values, ...limit })
}

export function text(maxLength: number, minLength = 0) {
  return Type.String({ minLength, maxLength })
}

export function pattern(source: string, expected: string, maxLength: number, minLength = 1) {
  return Type.String({ pattern: source, expected, minLength, maxLength })
}

export function integer(minimum: number, maximum: number) {
  return Type.Integer({ minimum, maximum })
}

export const INT32 = 2_147_483_647

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const subdomain = `${label}(\\.${label})*`

export const objectName = text(253, 1)
export const sectionName = pattern(`^${subdomain}$`, 'lower-case letters, digits, "-" and "."', 253)
export const namespaceName = pattern(
  `^${label}$`,
  'a namespace name (lower-case letters, digits and "-")',
  63,
)
export const groupName = pattern(
  `^$|^${subdomain}$`,
  'an API group like "gateway.networking.k8s.io", or "" for the core group',
  253,
  0,
)
export const kindName = pattern('^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$', 'a kind like "Service"', 63)
export const port = integer(1, 65535)

/** Gateway API Hostname: a DNS name in lower case, `*.` allowed in front; no IP address (isIpAddress tells). */
export const hostname = pattern(
  `^(\\*\\.)?${subdomain}$`,
  'a DNS name in lower case, like "shop.example" or "*.shop.example"',
  253,
)
/** Gateway API PreciseHostname. */
export const preciseHostname = pattern(
  `^${subdomain}$`,
  'a DNS name in lower case, like "shop.example", without "*"',
  253,
)
/** `vendor.example/thing`. */
export const domainPrefixed = (maxLength: number) =>
  pattern(
    `^${subdomain}\\/[A-Za-z0-9\\/\\-._~%!$&'()*+,;=:]+$`,
    'a name with a domain in front, like "vendor.example/name"',
    maxLength,
  )

/** GEP-2257: up to four of `1h`, `2m`, `3s`, `4ms`. `durationMs` of quantity.ts reads it. */
export const duration = Type.String({
  pattern: '^([0-9]{1,5}(h|m|s|ms)){1,4}$',
  expected: 'a duration like "500ms", "10s" or "1m30s"',
})

/** Bytes: a whole number, or text like `8Ki`, `1M`. `quantityBytes` of quantity.ts reads it. */
export const byteQuantity = Type.Unsafe<number | string>({
  type: ['integer', 'string'],
  minimum: 0,
  maximum: Number.MAX_SAFE_INTEGER,
  format: 'byte-quantity',
  expected: 'a number of bytes like 8192, "8Ki" or "1M"',
})

/** An address, or all that begin alike: `10.0.0.1`, `10.0.0.0/8`, `2001:db8::/32`. */
export const addressRange = Type.String({
  minLength: 2,
  maxLength: 64,
  format: 'address-range',
  expected: 'an IP address or a range of them, like "10.0.0.0/8" or "2001:db8::/32"',
})

/** Kubernetes' LabelSelector (meta/v1). */
export const labelSelector = object(
  {
    matchLabels: optional(record(Type.String()), 'Labels that an object must have, each with this value.'),
    matchExpressions: optional(
      Type.Array(
        object({
          key: required(Type.String(), 'The label that is looked at.'),
          operator: required(
            Type.Enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
            'How: its value is one of `values` (In) or none of them (NotIn), or the label is there or not, whatever its value.',
          ),
          values: optional(Type.Array(Type.String()), 'For In and NotIn; left out for the others.'),
        }),
      ),
      'Conditions beside `matchLabels`; an object must fulfil all of them.',
    ),
  },
  { title: 'LabelSelector' },
)
export type LabelSelector = Shape<typeof labelSelector>

const ANYWHERE =
  'Its namespace, where that is another than that of this object; a ReferenceGrant there must allow it.'

export const localObjectReference = object(
  {
    group: required(
      groupName,
      'The API group of the object; "" for Kubernetes\' own, such as Secret and ConfigMap.',
    ),
    kind: required(kindName, 'The kind of the object.'),
    name: required(objectName, 'The name of the object, which is in the namespace of this one.'),
  },
  { title: 'LocalObjectReference' },
)
export const objectReference = object(
  {
    group: required(
      groupName,
      'The API group of the object; "" for Kubernetes\' own, such as Secret and ConfigMap.',
    ),
    kind: required(kindName, 'The kind of the object.'),
    name: required(objectName, 'The name of the object.'),
    namespace: optional(namespaceName, ANYWHERE),
  },
  { title: 'ObjectReference' },
)
export const secretReference = object(
  {
    group: optional(groupName, "The API group of the object; Kubernetes' own is served.", ''),
    kind: optional(kindName, 'The kind of the object; Secret is served.', 'Secret'),
    name: required(objectName, 'The name of the Secret.'),
    namespace: optional(namespaceName, ANYWHERE),
  },
  { title: 'SecretObjectReference' },
)

/**
 * What a policy attaches to (GEP-713, GEP-2648): an object of its own
 * namespace, or by `sectionName` a listener, a route rule or a Service port of it.
 */
export const policyTargets = list(
  object(
    {
      group: required(groupName, 'The API group of the object; "" for a Service.'),
      kind: required(kindName, 'The kind of the object.'),
      name: required(objectName, 'The name of the object, which is in the namespace of the policy.'),
      sectionName: optional(
        sectionName,
        'Only this part of the object: the name of a listener of a Gateway, of a rule of a route, or of a port of a Service.',
      ),
    },
    { title: 'PolicyTarget' },
  ),
  1,
  16,
)
export type PolicyTarget = Shape<typeof policyTargets>[number]

/** `Gateway (group "gateway.networking.k8s.io")`. */
export function described(target: { readonly group: string; readonly kind: string }): string {
  return `${target.kind} (group ${JSON.stringify(target.group)})`
}

/** In(NotIn) needs values, (DoesNot)Exist(s) refuses them: meta/v1 validation. */
export function selectorRules(selector: LabelSelector, path: FieldPath): Violation[] {
  return (selector.matchExpressions ?? []).flatMap((expression, i) => {
    const given = (expression.values ?? []).length > 0
    const wanted = expression.operator === 'In' || expression.operator === 'NotIn'
    if (given === wanted) return []
    const message = wanted
      ? `must name at least one value for operator ${expression.operator}`
      : `must be absent for operator ${expression.operator}`
    return [{ path: [...path, 'matchExpressions', i, 'values'], message }]
  })
}

/** Indexes of the items whose key an item before them has; items without a key are passed over. */
export function repeated<T>(items: readonly T[], keyOf: (item: T) => string | undefined): number[] {
  const seen = new Set<string>()
  return items.flatMap((item, i) => {
    const key = keyOf(item)
    if (key === undefined) return []
    if (seen.has(key)) return [i]
    seen.add(key)
    return []
  })
}
