/** Why a certificate could not be had, for conditions and logs. */
export type RefusalReason =
  /** The directory could not be asked. */
  | 'DirectoryUnreachable'
  /** Its terms are to be agreed to first. */
  | 'TermsNotAgreed'
  /** It takes no account like this. */
  | 'AccountRefused'
  /** It has asked for patience. */
  | 'RateLimited'
  /** It could not see that a name is ours. */
  | 'ValidationFailed'
  /** Anything else that it says. */
  | 'OrderRefused'
  /** What it has issued is not what was asked for. */
  | 'CertificateInvalid'
  /** Our own: nothing can be kept. */
  | 'StoreFailed'
  /** A fault of the program. */
  | 'Failed'

/** An attempt that came to nothing. `message` is for people, and says whose words it has. */
export class AcmeRefusal extends Error {
  readonly reason: RefusalReason
  /** How long the directory asks to be left alone; 0 where it does not say. */
  readonly retryAfterMs: number

  constructor(reason: RefusalReason, message: string, retryAfterMs = 0, cause?: unknown) {
    super(message, { cause })
    this.reason = reason
    this.retryAfterMs = retryAfterMs
  }
}
