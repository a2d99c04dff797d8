/** What a route throws that cannot answer: the status, and for whoever asked, why. */
export class AdminError extends Error {
  readonly statusCode: number
  /** Further members of the problem (RFC 9457 §3.2). */
  readonly members: Readonly<Record<string, unknown>>

  constructor(statusCode: number, detail: string, members: Readonly<Record<string, unknown>> = {}) {
    super(detail)
    this.statusCode = statusCode
    this.members = members
  }
}
