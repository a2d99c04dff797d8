/**
 * Why the store has not done something. `unavailable`: the database cannot be reached or does not answer; `busy`: others
 * hold what is needed for longer than is waited. `exists`, `missing`, `changed`, `referenced` are about records,
 * `not-empty`, `invalid` and `newer` about what is opened or restored.
 */
export type StoreErrorCode =
  | 'unavailable'
  | 'busy'
  | 'exists'
  | 'missing'
  | 'changed'
  | 'referenced'
  | 'not-empty'
  | 'invalid'
  | 'newer'

export class StoreError extends Error {
  readonly code: StoreErrorCode
  /** The connection broke as a commit was under way: it may have happened. */
  readonly uncertain: boolean

  constructor(
    code: StoreErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly uncertain?: boolean } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    this.name = 'StoreError'
    this.code = code
    this.uncertain = options.uncertain ?? false
  }
}
