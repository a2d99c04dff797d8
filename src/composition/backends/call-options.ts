/** What may be said of any call. */
export interface CallOptions {
  /** Fields beyond those of the contract. */
  readonly headers?: Readonly<Record<string, string>>
  /** Less than that of the backend. */
  readonly timeoutMs?: number
  /** Sent as `Idempotency-Key`: then it may be repeated, whatever its method is. */
  readonly idempotencyKey?: string
}

/** A list is a parameter for each of its items, an object one for each member: `filter[author]=Ada` (OpenAPI's `deepObject`). */
export type QueryValue =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly (string | number | boolean)[]
  | { readonly [member: string]: QueryValue }

export interface HttpOptions extends CallOptions {
  /** For the names of the path's braces. */
  readonly path?: Readonly<Record<string, string | number>>
  readonly query?: Readonly<Record<string, QueryValue>>
  /** Bytes and text go as they are, everything else as JSON. */
  readonly body?: unknown
}
