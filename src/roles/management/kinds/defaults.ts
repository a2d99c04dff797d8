/** What the kinds of API management leave out, where that is always the same. */
export const apiDefaults = { version: 'v1', lifecycle: 'Published', basePath: '' } as const

export const productDefaults = { visibility: 'Public' } as const

export const planDefaults = { approval: 'Auto', cost: 1, maxCost: 1_000 } as const

/** Of a limit, in a Plan or a RateLimitPolicy. A burst is as many as `amount`. */
export const limitDefaults = {
  unit: 'Requests',
  anchor: 'Calendar',
  timeZone: 'UTC',
  scope: 'Subscription',
  exceeded: 'Deny',
  counters: 'Local',
  onStoreError: 'Local',
  by: 'Identity',
} as const

/** The algorithms of JWTs that are accepted: signatures of a key pair alone (RFC 8725 §3.1), and none of SHA-1. */
export const jwtAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const

export const authenticationDefaults = {
  anonymous: false,
  forwardCredentials: false,
  realm: 'Restricted',
  algorithms: jwtAlgorithms,
  leewaySeconds: 60,
} as const

/** Where an API key is looked for, where nobody says it. */
export const apiKeyPlaces = [{ header: 'X-API-Key' }, { scheme: 'Bearer' }] as const

export const authorizationDefaults = { dryRun: false, timeZone: 'UTC' } as const
