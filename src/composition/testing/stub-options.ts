export interface StubOptions {
  /** How long it takes to answer. */
  readonly afterMs?: number
  /** For so many requests; then what was stubbed before counts again. */
  readonly times?: number
}
