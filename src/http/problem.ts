/** Members of a problem (RFC 9457 §3.1), and ours: what to quote to the operator, and which rule or failure it was. */
export interface ProblemDetails {
  /** A URI that names the kind of problem; without one it is "about:blank". */
  readonly type?: string
  readonly title: string
  readonly detail?: string
  readonly instance?: string
  /** The exchange id (X-Request-Id). */
  readonly exchange?: string
  /** The codec's rule that was broken. */
  readonly rule?: string
  /** The failure's name in failures.ts. */
  readonly reason?: string
}

/** A problem as an answer; `fields` is name, value, name, value … */
export interface ProblemResponse {
  readonly status: number
  readonly fields: readonly string[]
  readonly body: string
}

// An error page that a cache keeps is served to the next one, who did nothing wrong.
const FIELDS: readonly string[] = ['Content-Type', 'application/problem+json', 'Cache-Control', 'no-store']

/** The answer `application/problem+json` (RFC 9457). Members that are undefined are left out; `more` are further ones, which replace none of these. */
export function problem(
  status: number,
  details: ProblemDetails,
  more: Readonly<Record<string, unknown>> = {},
): ProblemResponse {
  const { type, title, detail, instance, exchange, rule, reason } = details
  const own = { type, title, status, detail, instance, exchange, rule, reason }
  return { status, fields: FIELDS, body: JSON.stringify({ ...own, ...more, ...own }) + '\n' }
}
