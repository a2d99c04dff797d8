export interface StubOptions {
  /** How long it takes to answer. */
  readonly afterMs?: number
  /** For so many requests; then what was stubbed before counts again. */
  readonly times?: number
}

/** How a backend fails: by a status, or else it says nothing until the call's deadline. */
export interface Fault extends StubOptions {
  readonly status?: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** The connection ends, after `afterMs`. */
  readonly reset?: true
  /** There is nobody to connect to. */
  readonly refused?: true
}
