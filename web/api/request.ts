import { notReached, reached } from './reach.ts'
import { token, tokenRefused } from './token.ts'

/** What /v1 says where it does not answer: problem+json (RFC 9457). */
export class ApiError extends Error {
  readonly status: number
  /** Of a declared object: what is wrong with it, field by field. */
  readonly problems: readonly FieldProblem[]

  constructor(status: number, { detail, problems }: Told) {
    super(detail)
    this.status = status
    this.problems = problems
  }
}

interface FieldProblem {
  /** As in spec.limits[0].per; "" for the whole. */
  readonly path: string
  readonly message: string
}

interface Told {
  readonly detail: string
  readonly problems: readonly FieldProblem[]
}

/** Whose token it is has no role for it. */
export function isForbidden(error: unknown): boolean {
  return error instanceof ApiError && error.status === 403
}

/** The gateway could not be reached at all. */
export class Unreachable extends Error {}

/**
 * Asks /v1, with the token where there is one. Throws ApiError where the answer is no success, Unreachable where there
 * is none.
 */
export async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const sent = token.get()
  const headers = new Headers(init.headers)
  if (sent !== null) headers.set('authorization', `Bearer ${sent}`)
  const response = await fetch(path, { ...init, headers, cache: 'no-store' }).catch((error: unknown) => {
    if (init.signal?.aborted !== true) notReached()
    throw init.signal?.aborted === true ? error : new Unreachable(String(error))
  })
  reached()
  if (response.ok) return response
  if (response.status === 401) tokenRefused(sent)
  throw new ApiError(response.status, await toldBy(response))
}

export async function askJson<T>(path: string, init: RequestInit = {}): Promise<T> {
  const response = await ask(path, init)
  return (await response.json()) as T
}

async function toldBy(response: Response): Promise<Told> {
  const text = await response.text()
  try {
    const { title, detail, problems = [] } = JSON.parse(text) as Partial<Told> & { readonly title?: string }
    return { detail: detail ?? title ?? response.statusText, problems }
  } catch {
    return { detail: text.slice(0, 300) || response.statusText, problems: [] }
  }
}

/** `?a=1&b=2` of what is set; a list is the name repeated. */
export function query(
  values: Readonly<Record<string, string | number | readonly string[] | null | undefined>>,
): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(values)) {
    if (value === null || value === undefined || value === '') continue
    if (typeof value === 'object') for (const one of value) params.append(name, one)
    else params.set(name, String(value))
  }
  return params.size === 0 ? '' : `?${params}`
}

/** A name in a path, each of whose characters is its own. */
export const inPath = encodeURIComponent
