import { Type } from 'typebox'
import { GATEWAY_API, type ResourceKind } from '../kind.ts'
import type { Resource } from '../resource.ts'
import {
  hostname,
  list,
  localObjectReference,
  object,
  optional,
  pattern,
  policyTargets,
  preciseHostname,
  record,
  repeated,
  required,
  text,
  type Violation,
  type PolicyTarget,
  type Shape,
} from './shapes.ts'

/** AbsoluteURI: with a scheme and an authority (RFC 3986 appendix B, without the relative forms). */
const absoluteUri = pattern(
  '^(([^:/?#]+):)(//([^/?#]*))([^?#]*)(\\?([^#]*))?(#(.*))?$',
  'an absolute URI like "spiffe://cluster.example/ns/shop/sa/items"',
  253,
)

const subjectAltName = object({
  type: required(Type.Enum(['Hostname', 'URI']), 'Which of the two fields below is there.'),
  hostname: optional(
    hostname,
    'For type Hostname: a DNS name that the certificate must have; *.shop.example is any name below.',
  ),
  uri: optional(absoluteUri, 'For type URI: a URI that the certificate must have, such as a SPIFFE ID.'),
})

const validation = object({
  caCertificateRefs: optional(
    list(localObjectReference, 0, 8),
    'ConfigMaps or Secrets with the certificates of authorities (key ca.crt), or ClusterTrustBundles, that are trusted. Not beside `wellKnownCACertificates`.',
  ),
  wellKnownCACertificates: optional(
    pattern(
      '^(|System|([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]))$',
      '"System", or the name of a set with a domain in front',
      253,
      0,
    ),
    'A set of authorities by name: System, those that the system trusts, is served. In place of `caCertificateRefs`.',
  ),
  hostname: required(
    preciseHostname,
    'The name that is sent to the backend (SNI), and that its certificate must have where there are no `subjectAltNames`.',
  ),
  subjectAltNames: optional(
    list(subjectAltName, 0, 5),
    'Names of which the certificate must have one; then `hostname` is for SNI only.',
  ),
})

/** gateway.networking.k8s.io BackendTLSPolicy, v1 and v1alpha3 of release v1.7.0. */
const backendTlsPolicySchema = object(
  {
    spec: required(
      object({
        targetRefs: required(
          policyTargets,
          'Services, ports of them by `sectionName`, and Backends (group portcullis.dev). Of two for the same thing the older one counts.',
        ),
        validation: required(validation, 'Whom to trust, and which name a backend must have.'),
        options: optional(
          record(text(4096), 16),
          'Options of implementations. None is known here: others are told, and change nothing.',
        ),
      }),
      'Which backends are spoken to by TLS, and how they are verified.',
    ),
  },
  {
    description:
      'Connections to a Service or a Backend go by TLS, and its certificate is verified. Where it cannot be, requests fail.',
  },
)

export type BackendTLSPolicyBody = Shape<typeof backendTlsPolicySchema>
export type BackendTLSValidation = Shape<typeof validation>
export type SubjectAltName = Shape<typeof subjectAltName>
export type BackendTLSPolicy = Resource<BackendTLSPolicyBody>

export const BackendTLSPolicy: ResourceKind<BackendTLSPolicy> = {
  group: GATEWAY_API,
  versions: ['v1', 'v1alpha3'],
  kind: 'BackendTLSPolicy',
  plural: 'backendtlspolicies',
  scope: 'Namespaced',
  role: 'ingress',
  schema: backendTlsPolicySchema,
  rules: backendTlsPolicyRules,
  // A backend that is to be verified is not sent to as it comes.
  protects: true,
}

/** The CEL rules of the CRD (v1.7.0). */
function backendTlsPolicyRules({ spec }: BackendTLSPolicyBody): Violation[] {
  return [...targetRules(spec.targetRefs), ...validationRules(spec.validation)]
}

function targetRules(targets: readonly PolicyTarget[]): Violation[] {
  const nameOf = ({ group, kind, name }: PolicyTarget): string => `${group} ${kind} ${name}`
  const violations: Violation[] = []
  for (const [i, target] of targets.entries()) {
    const before = targets.slice(0, i).filter(other => nameOf(other) === nameOf(target))
    if (before.some(other => (other.sectionName === undefined) !== (target.sectionName === undefined)))
      violations.push({
        path: ['spec', 'targetRefs', i, 'sectionName'],
        message: 'refers to the same object as another one, expected sectionName on both',
      })
  }
  for (const i of repeated(targets, target => `${nameOf(target)} ${target.sectionName ?? ''}`))
    violations.push({
      path: ['spec', 'targetRefs', i],
      message: 'refers to the same object and section as another one, expected a sectionName of its own',
    })
  return violations
}

function validationRules(validated: BackendTLSValidation): Violation[] {
  const path = ['spec', 'validation']
  const given = (validated.caCertificateRefs ?? []).length > 0
  const wellKnown = (validated.wellKnownCACertificates ?? '') !== ''
  const violations = (validated.subjectAltNames ?? []).flatMap((name, i) =>
    nameRules(name, [...path, 'subjectAltNames', i]),
  )
  if (given && wellKnown)
    violations.push({
      path: [...path, 'wellKnownCACertificates'],
      message: 'must be absent beside caCertificateRefs, expected one of the two',
    })
  if (!given && !wellKnown)
    violations.push({
      path,
      message: 'names no authority, expected caCertificateRefs or wellKnownCACertificates',
    })
  return violations
}

function nameRules(
  { type, hostname: dns = '', uri = '' }: SubjectAltName,
  path: Violation['path'],
): Violation[] {
  const [wanted, other] =
    type === 'Hostname' ? (['hostname', 'uri'] as const) : (['uri', 'hostname'] as const)
  const values = { hostname: dns, uri }
  const violations: Violation[] = []
  if (values[wanted] === '')
    violations.push({ path: [...path, wanted], message: `is required for type ${type}` })
  if (values[other] !== '')
    violations.push({ path: [...path, other], message: `must be absent for type ${type}` })
  return violations
}
