import type { AttachPoint, Attachment } from '../../../snapshot/contribution.ts'
import { exceptionsOf } from '../../../translation/exceptions.ts'
import { policyName } from '../../../translation/policies.ts'
import type { Accept, AuthenticationConfig, Place } from '../authentication/config.ts'
import type {
  AcceptedCredential,
  AuthenticationPolicy,
  CredentialPlace,
} from '../kinds/authentication-policy.ts'
import { apiKeyPlaces, authenticationDefaults } from '../kinds/defaults.ts'
import type { ApiState } from './apis.ts'
import { placesOf, ruleId, type Cover } from './covers.ts'
import { originOf } from './origin.ts'
import type { Offer } from './products.ts'

export function authenticationFilter(
  policy: AuthenticationPolicy,
  signup: string | null,
): AuthenticationConfig {
  const {
    credentials,
    anonymous = authenticationDefaults.anonymous,
    forwardCredentials = authenticationDefaults.forwardCredentials,
    except,
  } = policy.body.spec
  return {
    type: 'authentication',
    origin: originOf(policy, ['spec']),
    policy: policyName(policy),
    accepts: credentials.map(acceptOf),
    anonymous,
    forwardCredentials,
    except: exceptionsOf(except, policy.metadata.namespace),
    signup,
  }
}

/**
 * What an API asks for that a Product has, wherever no AuthenticationPolicy is for it, its route or the rule: an API key.
 * `taken` are the places that have one, as text.
 */
export function defaultAuthentication(
  state: ApiState,
  offers: readonly Offer[],
  taken: ReadonlySet<string>,
): Attachment[] {
  const [first] = offers
  if (first === undefined) return []
  const filter: AuthenticationConfig = {
    type: 'authentication',
    origin: originOf(first.product, first.path),
    policy: state.name,
    accepts: [acceptOf({ apiKey: {} })],
    anonymous: offers.some(({ product }) => product.body.spec.anonymousPlan !== undefined),
    forwardCredentials: authenticationDefaults.forwardCredentials,
    except: [],
    signup: state.api.body.spec.signUp ?? null,
  }
  return state.covers.flatMap(cover => openPlaces(cover, taken)).map(at => ({ at, filter, protects: true }))
}

/** The route of a cover, and its rules there, as text. */
export function pointsIn({ route, rules }: Cover): readonly string[] {
  return [wholeOf(route), ...rules.map(rule => placeText({ rule: ruleId(route, rule) }))]
}

function wholeOf(route: Cover['route']): string {
  return placeText({ route: `${route.kind.toLowerCase()}/${policyName(route)}` })
}

function openPlaces(cover: Cover, taken: ReadonlySet<string>): readonly AttachPoint[] {
  const { route, rules } = cover
  if (taken.has(wholeOf(route))) return []
  return placesOf(
    cover,
    rules.filter(rule => !taken.has(placeText({ rule: ruleId(route, rule) }))),
  )
}

export function placeText(at: AttachPoint): string {
  return JSON.stringify(at)
}

function acceptOf({ apiKey, jwt, clientCertificate, basic }: AcceptedCredential): Accept {
  if (jwt !== undefined) return acceptJwt(jwt)
  if (clientCertificate !== undefined)
    return { kind: 'certificate', subjects: clientCertificate.subjects ?? null }
  if (basic !== undefined) return { kind: 'basic', realm: basic.realm ?? authenticationDefaults.realm }
  return { kind: 'api-key', in: (apiKey?.in ?? apiKeyPlaces).map(placeOf) }
}

function acceptJwt(jwt: NonNullable<AcceptedCredential['jwt']>): Accept {
  return {
    kind: 'jwt',
    issuer: jwt.issuer,
    audiences: jwt.audiences ?? [],
    jwksUri: jwt.jwksUri ?? null,
    algorithms: jwt.algorithms ?? authenticationDefaults.algorithms,
    leewayMs: (jwt.leewaySeconds ?? authenticationDefaults.leewaySeconds) * 1000,
    requiredScopes: jwt.requiredScopes ?? [],
    requiredClaims: jwt.requiredClaims ?? [],
    in: (jwt.in ?? [{ scheme: 'Bearer' as const }]).map(placeOf),
    // Null in words: the usual ones.
    applicationClaim: jwt.applicationClaim ?? '',
  }
}

function placeOf({ header, query, cookie }: CredentialPlace): Place {
  if (header !== undefined) return { where: 'header', name: header }
  if (query !== undefined) return { where: 'query', name: query }
  if (cookie !== undefined) return { where: 'cookie', name: cookie }
  return { where: 'bearer', name: 'Bearer' }
}
