import type { IncomingMessage } from 'node:http'

/**
 * What whoever asked may do, and by what: `views` are all that is only read; by the socket of the data directory one is
 * the operator, as with a token.
 */
export type Access =
  | { readonly level: 'operator'; readonly by: 'token' | 'socket' }
  | { readonly level: 'user'; readonly by: 'token'; readonly user: ApiUser }
  | { readonly level: 'views'; readonly by: 'loopback' }
  | { readonly level: 'none'; readonly refusal: Refusal }

/** Somebody with an account. */
export interface ApiUser {
  readonly id: string
  readonly name: string
  /** Whether a permission is theirs somewhere; where exactly, the route asks that knows about what it is. */
  may(permission: string): boolean
}

/** Who keeps accounts. */
export interface Accounts {
  /** Whether anybody can log in: nothing is open any more, then, to who has not. */
  readonly exist: boolean
  /** Whose token it is; null where it is nobody's. */
  whoBrings(token: string): ApiUser | null
}

export interface Refusal {
  readonly status: 401 | 403 | 429
  readonly detail: string
  readonly retryAfterS?: number
}

/** Judges requests of one listener. */
export type Judge = (request: IncomingMessage) => Access

/** By the file of the socket, which only its owner can open. */
export const bySocket: Judge = () => ({ level: 'operator', by: 'socket' })

const known = new WeakMap<IncomingMessage, Access>()

/** Whoever has the request behind the listener finds what was judged of it. */
export function noteAccess(request: IncomingMessage, access: Access): void {
  known.set(request, access)
}

/** A request that nobody has judged may do nothing. */
export function accessOf(request: IncomingMessage): Access {
  return known.get(request) ?? { level: 'none', refusal: { status: 401, detail: 'nobody has judged it' } }
}

/** Null where this is allowed. Reading needs `views`; all else is the operator's. */
export function refusalOf(access: Access, reads: boolean): Refusal | null {
  if (access.level === 'none') return access.refusal
  if (access.level === 'operator') return null
  if (access.level === 'user')
    return access.user.may(reads ? 'platform:read' : 'platform:write') ? null : forbidden
  if (reads) return null
  return { status: 401, detail: 'what changes something needs a token, on the machine itself too' }
}

const forbidden: Refusal = { status: 403, detail: 'none of the roles of whose token this is allows it' }
