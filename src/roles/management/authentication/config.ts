import type { Exception } from '../../../filters/exceptions.ts'
import type { FilterConfig } from '../../../snapshot/rule.ts'

/** Who may pass says who he is, by any of these credentials. */
export interface AuthenticationConfig extends FilterConfig {
  readonly type: 'authentication'
  /** `default/petstore`, for the log. */
  readonly policy: string
  /** In the order of the policy: of two good ones the first says who it is. */
  readonly accepts: readonly Accept[]
  /** Whether who brings no credential passes, as nobody. A bad one never does. */
  readonly anonymous: boolean
  /** Whether the backend gets credentials as they came. */
  readonly forwardCredentials: boolean
  readonly except: readonly Exception[]
  /** A URL where credentials are to be had; null where nobody has said. */
  readonly signup: string | null
}

export type Accept = ApiKeyAccept | JwtAccept | CertificateAccept | BasicAccept

export interface ApiKeyAccept {
  readonly kind: 'api-key'
  readonly in: readonly Place[]
}

/** Where in a request something stands. Header names are in any case; of `bearer` the name is the scheme of Authorization. */
export interface Place {
  readonly where: 'header' | 'query' | 'cookie' | 'bearer'
  readonly name: string
}

export interface JwtAccept {
  readonly kind: 'jwt'
  readonly issuer: string
  /** Any of these; empty: none is asked for. */
  readonly audiences: readonly string[]
  /** Null: by discovery at the issuer. */
  readonly jwksUri: string | null
  readonly algorithms: readonly string[]
  readonly leewayMs: number
  readonly requiredScopes: readonly string[]
  readonly requiredClaims: readonly { readonly name: string; readonly values: readonly string[] }[]
  readonly in: readonly Place[]
  /** The claim that names the application: `azp`, `client_id`. */
  readonly applicationClaim: string
}

export interface CertificateAccept {
  readonly kind: 'certificate'
  /** Subjects or alternative names (`CN=shop,O=Example`, `DNS:a.example`, `URI:spiffe://…`) that are let through, recorded or not; null: recorded ones. */
  readonly subjects: readonly string[] | null
}

export interface BasicAccept {
  readonly kind: 'basic'
  readonly realm: string
}
