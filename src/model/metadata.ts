import { Type } from 'typebox'
import type { ResourceKind } from './kind.ts'
import {
  object,
  optional,
  pattern,
  record,
  required,
  text,
  type Violation,
  type Shape,
} from './kinds/shapes.ts'

const anything = Type.Array(Type.Unknown())
const written = 'Written by a cluster; not looked at here.'

/**
 * ObjectMeta (meta/v1). What the API server fills in is taken, so that the output of `kubectl get -o yaml`
 * loads, and then left out of the resource. Names have rules of their own below.
 */
export const metadataSchema = object({
  name: required(text(253, 1), 'The name of the object, of which there is one in a namespace and kind.'),
  namespace: optional(
    text(63),
    'The namespace of the object; left out, "default". A GatewayClass and a Namespace have none.',
  ),
  labels: optional(
    record(
      pattern(
        '^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$',
        'letters, digits, "-", "_" and ".", beginning and ending with a letter or digit',
        63,
        0,
      ),
    ),
    'Names and values by which selectors find the object.',
  ),
  annotations: optional(
    record(Type.String()),
    'Names and values for people and programs; not looked at here.',
  ),
  generation: optional(
    Type.Integer(),
    'The version of the spec, which a cluster counts and conditions name.',
  ),
  creationTimestamp: optional(
    Type.String({ format: 'timestamp', expected: 'an RFC 3339 time like "2026-01-31T12:00:00Z"' }),
    'When a cluster made the object. Where two contradict each other, the older one counts. Without it an object is the youngest; of one age the first by namespace/name counts.',
  ),
  generateName: optional(Type.String(), written),
  uid: optional(Type.String(), written),
  resourceVersion: optional(Type.String(), written),
  selfLink: optional(Type.String(), written),
  deletionTimestamp: optional(Type.String(), written),
  deletionGracePeriodSeconds: optional(Type.Integer(), written),
  finalizers: optional(Type.Array(Type.String()), written),
  ownerReferences: optional(anything, written),
  managedFields: optional(anything, written),
})
export type DeclaredMetadata = Shape<typeof metadataSchema>

const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const labelWords =
  'expected at most 63 lower-case letters, digits and "-", beginning and ending with a letter or digit (RFC 1123 label)'
const subdomainWords =
  'expected lower-case letters, digits, "-" and ".", beginning and ending with a letter or digit (RFC 1123 subdomain)'
const keyWords =
  'is no valid key, expected an optional DNS name and "/", then at most 63 letters, digits, "-", "_" and "."'

/** Qualified names as Kubernetes has them: an optional DNS subdomain and "/", then up to 63 characters. */
const qualified =
  /^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]$/

export function isQualifiedName(key: string): boolean {
  const slash = key.indexOf('/')
  return slash < 253 && qualified.test(key)
}

/** Kinds whose names become DNS labels. */
const labelled = new Set(['Service', 'Namespace'])
/** Of all annotations of an object together (TotalAnnotationSizeLimitB). */
const MAX_ANNOTATION_BYTES = 256 * 1024

/** What ObjectMeta must be beyond its schema (apimachinery's ValidateObjectMeta). */
export function metadataRules(metadata: DeclaredMetadata, kind: ResourceKind): Violation[] {
  const { name, namespace, labels = {}, annotations = {} } = metadata
  const violations: Violation[] = []
  if (!isObjectName(name, kind.kind))
    violations.push({
      path: ['name'],
      message: `${JSON.stringify(name)} is no valid name, ${labelled.has(kind.kind) ? labelWords : subdomainWords}`,
    })
  if (namespace && kind.scope === 'Cluster')
    violations.push({
      path: ['namespace'],
      message: `must be absent, because a ${kind.kind} belongs to no namespace`,
    })
  else if (namespace && !label.test(namespace))
    violations.push({
      path: ['namespace'],
      message: `${JSON.stringify(namespace)} is no valid namespace, ${labelWords}`,
    })
  for (const [field, values] of Object.entries({ labels, annotations }))
    for (const key of Object.keys(values))
      if (!isQualifiedName(key)) violations.push({ path: [field, key], message: keyWords })
  const bytes = Object.entries(annotations).reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value),
    0,
  )
  if (bytes > MAX_ANNOTATION_BYTES)
    violations.push({
      path: ['annotations'],
      message: `have ${bytes} bytes, expected at most ${MAX_ANNOTATION_BYTES}`,
    })
  return violations
}

export function isObjectName(name: string, kind: string): boolean {
  return labelled.has(kind) ? label.test(name) : name.length <= 253 && subdomain.test(name)
}

export function isNamespaceName(name: string): boolean {
  return label.test(name)
}
