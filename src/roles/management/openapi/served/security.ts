import type { AuthenticationConfig, JwtAccept, Place } from '../../authentication/config.ts'

/** A Security Scheme Object (OpenAPI 3.1.1 §4.8.27), with the name that it is to have. */
export interface NamedScheme {
  readonly name: string
  readonly scheme: Scheme
  readonly scopes: readonly string[]
}

export interface Scheme {
  readonly type: string
  readonly [member: string]: string
}

/** Everything in one of these is to be brought; any of several is enough. */
export type Alternative = readonly NamedScheme[]

/** Beyond, nobody would choose from them. */
const MOST = 32

/** What the gateway asks for where a request meets all of these filters. */
export function alternativesOf(filters: readonly AuthenticationConfig[]): readonly Alternative[] {
  let all: readonly Alternative[] = [[]]
  for (const { accepts, anonymous } of filters) {
    const own = accepts.flatMap((accept): readonly Alternative[] => {
      if (accept.kind === 'certificate')
        return [[{ name: 'clientCertificate', scheme: { type: 'mutualTLS' }, scopes: [] }]]
      if (accept.kind === 'basic')
        return [[{ name: 'basic', scheme: { type: 'http', scheme: 'basic' }, scopes: [] }]]
      return accept.in.map(place => [accept.kind === 'jwt' ? ofToken(accept, place) : ofKey(place)])
    })
    const choices = anonymous ? [...own, []] : own
    all = all.flatMap(one => choices.map(choice => [...one, ...choice])).slice(0, MOST)
  }
  return all
}

function ofKey({ where, name }: Place): NamedScheme {
  const scheme =
    where === 'bearer'
      ? { type: 'http', scheme: 'bearer', description: 'An API key.' }
      : { type: 'apiKey', in: where, name, description: 'An API key.' }
  return { name: `apiKey${capital(where)}`, scheme, scopes: [] }
}

function ofToken({ issuer, jwksUri, requiredScopes }: JwtAccept, { where, name }: Place): NamedScheme {
  const description = `A token of ${issuer}.`
  if (where !== 'bearer')
    return {
      name: `token${capital(where)}`,
      scheme: { type: 'apiKey', in: where, name, description },
      scopes: [],
    }
  if (jwksUri !== null)
    return {
      name: 'tokenBearer',
      scheme: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description },
      scopes: [],
    }
  const openIdConnectUrl = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  return {
    name: 'openId',
    scheme: { type: 'openIdConnect', openIdConnectUrl, description },
    scopes: requiredScopes.flatMap(scope => scope.split(' ')),
  }
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}

/** Equal for schemes that are looked for in the same place of a request. */
export function placeOfScheme(scheme: object): string {
  const { type, in: where = '', name = '', scheme: http = '' } = scheme as Partial<Record<string, string>>
  if (type === 'apiKey') return `${where} ${where === 'header' ? name.toLowerCase() : name}`
  if (type === 'http') return http.toLowerCase() === 'bearer' ? 'bearer' : `http ${http.toLowerCase()}`
  return type === 'mutualTLS' ? type : 'bearer'
}
