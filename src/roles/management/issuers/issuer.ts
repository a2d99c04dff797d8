/** Who issues tokens, and where his keys are. */
export interface Issuer {
  readonly issuer: string
  /** Null: his discovery document says so. */
  readonly jwksUri: string | null
}

/** Under which key their row stands in ISSUERS. */
export function issuerKey({ issuer, jwksUri }: Issuer): string {
  return `${issuer} ${jwksUri ?? ''}`
}
