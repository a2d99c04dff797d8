/** What is wrong with a request, and where: `google.rpc.BadRequest.FieldViolation`. */
export interface Violation {
  /** The field of the message, or the parameter; empty where it is the request as a whole. */
  readonly field: string
  readonly description: string
}

/** A request that makes no message: INVALID_ARGUMENT. */
export class BadRequest extends Error {
  override readonly name = 'BadRequest'
  readonly violations: readonly Violation[]

  constructor(violations: readonly Violation[], cause?: unknown) {
    super(
      violations
        .map(({ field, description }) => (field === '' ? description : `${field}: ${description}`))
        .join('; '),
      {
        cause,
      },
    )
    this.violations = violations
  }
}

export const badRequest = (field: string, description: string, cause?: unknown): BadRequest =>
  new BadRequest([{ field, description }], cause)
