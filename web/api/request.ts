import { notReached, reached } from './reach.ts'
import { token, tokenRefused } from './token.ts'

/** What /v1 says where it does not answer: problem+json (RFC 9457). */
export class ApiError extends Error {
  readonly status: number

  constructor(status: number, detail: string) {
    super(detail)
    this.status = status
  }
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
  throw new ApiError(response.status, await detailOf(response))
}

export async function askJson<T>(path: string, init: RequestInit = {}): Promise<T> {
  const response = await ask(path, init)
  return (await response.json()) as T
}

async function detailOf(response: Response): Promise<string> {
  const text = await response.text()
  try {
    const { title, detail } = JSON.parse(text) as { title?: string; detail?: string }
    return detail ?? title ?? response.statusText
  } catch {
    return text.slice(0, 300) || response.statusText
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
