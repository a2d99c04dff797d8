import { Type } from 'typebox'
import { isOwn } from '../../../http/owned-fields.ts'
import { PORTCULLIS, type ResourceKind } from '../../../model/kind.ts'
import { exceptionRules, exceptions, exceptionCel } from '../../../model/kinds/exceptions.ts'
import { headerName } from '../../../model/kinds/http-filters.ts'
import {
  integer,
  list,
  mapList,
  object,
  optional,
  pattern,
  policyTargets,
  required,
  set,
  text,
  type Shape,
  type Violation,
} from '../../../model/kinds/shapes.ts'
import type { FieldPath, Resource } from '../../../model/resource.ts'
import { authenticationDefaults, jwtAlgorithms } from './defaults.ts'
import { apiTargetViolations, TARGETS, apiTargetCel } from './targets.ts'

const place = object(
  {
    header: optional(headerName, 'In the header of this name, in any case.'),
    query: optional(
      text(128, 1),
      'In the query parameter of this name, in its case. Access logs of others may show it.',
    ),
    cookie: optional(
      pattern("^[A-Za-z0-9!#$%&'*+\\-.^_\\x60|~]+$", 'a name of a cookie', 128),
      'In the cookie of this name, in its case.',
    ),
    scheme: optional(
      Type.Enum(['Bearer']),
      'In the header Authorization, behind this word: Authorization: Bearer CREDENTIAL (RFC 6750).',
    ),
  },
  { title: 'CredentialPlace' },
)

const apiKey = object({
  in: optional(
    list(place, 1, 8),
    'Where it is looked for; each entry names one place. Left out: the header X-API-Key, and Authorization with Bearer.',
  ),
})

const url = pattern('^https?://[!-~]+$', 'a URL like "https://login.example/"', 1024)

const claim = object(
  {
    name: required(
      text(256, 1),
      'The name of the claim; of one inside of another, with dots: realm_access.roles.',
    ),
    values: required(
      { ...list(text(256), 1, 64), uniqueItems: true },
      'It must be one of these, or as a list have one of them.',
    ),
  },
  { title: 'ClaimValues' },
)

const jwt = object({
  issuer: required(
    url,
    'Who must have issued it (`iss`), letter by letter. Its keys are found by its discovery document (/.well-known/openid-configuration), unless `jwksUri` names them.',
  ),
  audiences: optional(
    { ...list(text(512, 1), 1, 16), uniqueItems: true },
    'It must be for one of these (`aud`). Left out, a token that the issuer has given for any other service is as good.',
  ),
  jwksUri: optional(url, 'Where the keys of the issuer are (RFC 7517).'),
  algorithms: optional(
    { ...list(Type.Enum([...jwtAlgorithms]), 1, 16), uniqueItems: true },
    'By which it may be signed.',
    [...authenticationDefaults.algorithms],
  ),
  leewaySeconds: optional(
    integer(0, 600),
    'How far the clocks of issuer and gateway may differ.',
    authenticationDefaults.leewaySeconds,
  ),
  requiredScopes: optional(
    set(text(256, 1), 64),
    'Scopes (`scope`, or `scp`) that it must have, all of them; 403 otherwise.',
  ),
  requiredClaims: optional(mapList(claim, 'name', 0, 16), 'Claims that it must have, all of them.'),
  in: optional(
    list(place, 1, 8),
    'Where it is looked for; each entry names one place. Left out: Authorization with Bearer.',
  ),
  applicationClaim: optional(
    text(256, 1),
    'The claim that names the application by its client id, for plans. Left out: azp, or client_id.',
  ),
})

const credential = object(
  {
    apiKey: optional(apiKey, 'A key of an application. {} for all that is built in.'),
    jwt: optional(jwt, 'A token of an issuer (RFC 9068, OpenID Connect).'),
    clientCertificate: optional(
      object({
        subjects: optional(
          { ...list(text(1024, 1), 1, 256), uniqueItems: true },
          'Only these, as the subject ("CN=shop,O=Example") or a DNS name or URI of it. Left out, those that are credentials of applications.',
        ),
      }),
      'The certificate of the client, which the listener has verified (spec.tls.frontend of the Gateway).',
    ),
    basic: optional(
      object({
        realm: optional(
          pattern('^[ !#-\\[\\]-~]*$', 'printable ASCII without quotes and backslashes', 128, 1),
          'What browsers show to whom they ask for a password.',
          authenticationDefaults.realm,
        ),
      }),
      'Name and password (RFC 7617) of an application. {} for all that is built in.',
    ),
  },
  { title: 'AcceptedCredential' },
)

/** portcullis.dev/v1alpha1 AuthenticationPolicy. */
const schema = object(
  {
    spec: required(
      object({
        targetRefs: required(
          policyTargets,
          `${TARGETS} Every policy that applies to a request must be satisfied.`,
        ),
        credentials: required(
          list(credential, 1, 8),
          'What is accepted; each entry is of one kind. Any of them is enough.',
        ),
        anonymous: optional(
          Type.Boolean(),
          'Whether who brings no credential passes, as nobody. A credential that is no good is refused in any case.',
          authenticationDefaults.anonymous,
        ),
        forwardCredentials: optional(
          Type.Boolean(),
          'Whether the backend gets the credential as it came. It is told who it is either way.',
          authenticationDefaults.forwardCredentials,
        ),
        except: optional(
          exceptions,
          'Requests that the policy is not for: of each entry, all that it says must fit.',
        ),
      }),
      'Who passes, and by which credentials it is known.',
    ),
  },
  { description: 'Asks who it is: API keys, JWTs, client certificates, names and passwords.' },
)

export type AuthenticationPolicyBody = Shape<typeof schema>
export type AuthenticationPolicySpec = AuthenticationPolicyBody['spec']
export type AuthenticationPolicy = Resource<AuthenticationPolicyBody>
export type AcceptedCredential = AuthenticationPolicySpec['credentials'][number]
export type CredentialPlace = Shape<typeof place>

const credentialKinds = ['apiKey', 'jwt', 'clientCertificate', 'basic'] as const
const placeKinds = ['header', 'query', 'cookie', 'scheme'] as const

function oneOfCel(fields: readonly string[]): string {
  return `[${fields.map(field => `has(self.${field})`).join(', ')}].filter(given, given).size() == 1`
}

export const AuthenticationPolicy: ResourceKind<AuthenticationPolicy> = {
  group: PORTCULLIS,
  versions: ['v1alpha1'],
  kind: 'AuthenticationPolicy',
  plural: 'authenticationpolicies',
  scope: 'Namespaced',
  role: 'management',
  schema,
  rules,
  cel: [
    ...apiTargetCel,
    ...exceptionCel,
    {
      path: 'spec.credentials.*',
      rule: oneOfCel(credentialKinds),
      message: `expected one of ${credentialKinds.join(', ')}`,
    },
    ...['apiKey', 'jwt'].map(kind => ({
      path: `spec.credentials.*.${kind}.in.*`,
      rule: oneOfCel(placeKinds),
      message: `expected one of ${placeKinds.join(', ')}`,
    })),
  ],
  protects: true,
}

function rules({ spec }: AuthenticationPolicyBody): Violation[] {
  return [
    ...apiTargetViolations(spec.targetRefs, 'an AuthenticationPolicy'),
    ...spec.credentials.flatMap((one, i) => credentialViolations(one, ['spec', 'credentials', i])),
    ...twiceViolations(spec.credentials),
    ...exceptionRules(spec.except ?? [], ['spec', 'except']),
  ]
}

function credentialViolations(accepted: AcceptedCredential, path: FieldPath): Violation[] {
  const { apiKey: key, jwt: token } = accepted
  return [
    ...oneOf(accepted, credentialKinds, path),
    ...(key?.in ?? []).flatMap((one, i) => placeViolations(one, [...path, 'apiKey', 'in', i])),
    ...(token?.in ?? []).flatMap((one, i) => placeViolations(one, [...path, 'jwt', 'in', i])),
    ...(token === undefined ? [] : urlViolations(token, [...path, 'jwt'])),
  ]
}

/** Exactly one of these fields; what is said of the others would be lost. */
function oneOf<K extends string>(
  value: { readonly [field in K]?: unknown },
  fields: readonly K[],
  path: FieldPath,
): Violation[] {
  const given = fields.filter(field => value[field] !== undefined)
  if (given.length === 1) return []
  const expected = `expected one of ${fields.join(', ')}`
  return given.length === 0
    ? [{ path, message: `says nothing, ${expected}` }]
    : [{ path, message: `says ${given.join(' and ')}, expected one of them, and an entry for each` }]
}

function placeViolations(one: CredentialPlace, path: FieldPath): Violation[] {
  const violations = oneOf(one, placeKinds, path)
  const { header } = one
  if (header === undefined) return violations
  const lower = header.toLowerCase()
  const instead: Readonly<Record<string, string>> = {
    authorization: 'expected scheme: Bearer in its place',
    cookie: 'expected cookie, with the name of one, in its place',
  }
  if (instead[lower] !== undefined)
    violations.push({ path: [...path, 'header'], message: `${header} has more in it, ${instead[lower]}` })
  else if (isOwn(header))
    violations.push({
      path: [...path, 'header'],
      message: `${header} is of the gateway or of the connection, and has no credential`,
    })
  return violations
}

/** Keys that came in the clear could be anybody's. */
function urlViolations(
  { issuer, jwksUri }: NonNullable<AcceptedCredential['jwt']>,
  path: FieldPath,
): Violation[] {
  return Object.entries({ issuer, jwksUri }).flatMap(([field, value]) => {
    if (value === undefined) return []
    const at = [...path, field]
    if (!URL.canParse(value))
      return [{ path: at, message: 'is no URL, expected one like "https://login.example/"' }]
    const { protocol, hostname, username, password, hash } = new URL(value)
    if (username !== '' || password !== '' || hash !== '')
      return [{ path: at, message: 'has a user, a password or a fragment, expected none' }]
    if (protocol === 'https:' || isLoopback(hostname)) return []
    return [{ path: at, message: 'must begin with https:, for who is in between could give keys of its own' }]
  })
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)
}

/** Of two entries that would both take a credential, it is not clear which one judges. */
function twiceViolations(credentials: readonly AcceptedCredential[]): Violation[] {
  return credentials.flatMap((one, i) => {
    const twin = credentials.findIndex((other, j) => j < i && keyOf(other) === keyOf(one))
    if (twin < 0) return []
    const message = `is of the same kind${one.jwt === undefined ? '' : ' and issuer'} as spec.credentials[${twin}], expected one of them`
    return [{ path: ['spec', 'credentials', i], message }]
  })
}

function keyOf(accepted: AcceptedCredential): string {
  const kind = credentialKinds.find(field => accepted[field] !== undefined) ?? ''
  return `${kind} ${accepted.jwt?.issuer ?? ''}`
}
