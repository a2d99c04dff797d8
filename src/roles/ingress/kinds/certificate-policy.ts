import { gatewayTargetCel } from '../../../model/kinds/request-targets.ts'
import { Type } from 'typebox'
import { GATEWAY_API, PORTCULLIS, type ResourceKind } from '../../../model/kind.ts'
import type { Resource } from '../../../model/resource.ts'
import {
  described,
  object,
  objectName,
  optional,
  pattern,
  policyTargets,
  preciseHostname,
  required,
  set,
  text,
  type Violation,
  type Shape,
} from '../../../model/kinds/shapes.ts'

/** What a CertificatePolicy leaves out. */
export const certificateDefaults = {
  directoryUrl: 'https://acme-v02.api.letsencrypt.org/directory',
  challenge: 'http-01',
  keyType: 'ecdsa',
  externalAccountField: 'key',
} as const

const directory = object({
  url: optional(
    pattern('^https://[^\\s/?#]+(/[^\\s]*)?$', 'a URL that begins with https://', 2048),
    'Where the authority has its directory (RFC 8555 §7.1.1).',
    certificateDefaults.directoryUrl,
  ),
  caCertificateRef: optional(
    object({
      kind: optional(Type.Enum(['ConfigMap', 'Secret']), 'What holds `ca.crt`.', 'ConfigMap'),
      name: required(objectName, 'Its name; it is in the namespace of the policy.'),
    }),
    'Whose certificate the directory itself may have. Left out, whom the system trusts.',
  ),
})

const account = object({
  termsOfServiceAgreed: required(
    Type.Boolean(),
    'Whether you agree to the terms of the authority. Nothing is ordered without that.',
  ),
  email: optional(
    pattern('^[^\\s@<>,?]+@[^\\s@<>,?]+$', 'an e-mail address', 254),
    'Where the authority writes to when something is wrong with an account or a certificate.',
  ),
  externalAccount: optional(
    object({
      keyId: required(text(1024, 1), 'The id that the authority has given you.'),
      secretRef: required(
        object({
          name: required(objectName, 'Of a Secret in the namespace of the policy.'),
          key: optional(
            text(253, 1),
            'Where in its data the key is, in base64url as the authority gives it.',
            certificateDefaults.externalAccountField,
          ),
        }),
        'The key that belongs to it.',
      ),
    }),
    'An account that you have with the authority already (RFC 8555 §7.3.4), which some want: ZeroSSL, Google, companies.',
  ),
})

/** portcullis.dev/v1alpha1 CertificatePolicy. */
const certificatePolicySchema = object(
  {
    spec: required(
      object({
        targetRefs: required(
          policyTargets,
          'Gateways, for their HTTPS and TLS listeners without `certificateRefs`, and listeners by `sectionName`, also beside `certificateRefs`. The policy of a listener goes before that of its Gateway; of two for the same thing the older one counts.',
        ),
        directory: optional(directory, 'The authority.'),
        account: required(account, 'As whom certificates are ordered. It is made when it is first needed.'),
        challenge: optional(
          Type.Enum(['http-01', 'tls-alpn-01']),
          'How the authority sees that a name is yours: by a request on port 80 of it, or by a TLS handshake on port 443.',
          certificateDefaults.challenge,
        ),
        keyType: optional(
          Type.Enum(['ecdsa', 'rsa']),
          'The key of the certificate: P-256, or RSA with 2048 bits.',
          certificateDefaults.keyType,
        ),
        names: optional(
          set(preciseHostname, 100),
          'The names of one certificate for all targets. Left out, one is obtained for the hostname of each listener, or where that is none or has an asterisk, for each hostname of its routes.',
        ),
      }),
      'Certificates are obtained, and renewed when two thirds of their life have passed.',
    ),
  },
  { description: 'Certificates of listeners by ACME (RFC 8555), such as those of Let’s Encrypt.' },
)

export type CertificatePolicyBody = Shape<typeof certificatePolicySchema>
export type CertificatePolicy = Resource<CertificatePolicyBody>

export const CertificatePolicy: ResourceKind<CertificatePolicy> = {
  group: PORTCULLIS,
  versions: ['v1alpha1'],
  kind: 'CertificatePolicy',
  plural: 'certificatepolicies',
  scope: 'Namespaced',
  role: 'ingress',
  schema: certificatePolicySchema,
  rules: certificatePolicyRules,
  cel: gatewayTargetCel,
}

function certificatePolicyRules({ spec: { targetRefs } }: CertificatePolicyBody): Violation[] {
  return targetRefs.flatMap((target, i) => {
    if (target.group === GATEWAY_API && target.kind === 'Gateway') return []
    const message = `a CertificatePolicy cannot attach to ${described(target)}, expected Gateway (group "gateway.networking.k8s.io")`
    return [{ path: ['spec', 'targetRefs', i, 'kind'], message }]
  })
}
