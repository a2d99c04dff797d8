export interface BackoffOptions {
  readonly firstMs: number
  readonly mostMs: number
  /** As Math.random. */
  readonly random?: () => number
}

/**
 * How long to wait after each failure in a row: twice as long as before up to a limit, of which between half and all is
 * waited, so that replicas that lost a server at one moment do not come back at one moment.
 */
export class Backoff {
  private readonly options: BackoffOptions
  private failures = 0

  constructor(options: BackoffOptions) {
    this.options = options
  }

  next(): number {
    const { firstMs, mostMs, random = Math.random } = this.options
    const ms = Math.min(mostMs, firstMs * 2 ** this.failures)
    this.failures = Math.min(this.failures + 1, 30)
    return ms * (0.5 + random() / 2)
  }

  reset(): void {
    this.failures = 0
  }
}
