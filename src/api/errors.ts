/** What a route throws that cannot answer: the status, and for whoever asked, why. */
export class AdminError extends Error {
  readonly statusCode: number

  constructor(statusCode: number, detail: string) {
    super(detail)
    this.statusCode = statusCode
  }
}
