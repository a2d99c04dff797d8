import type { IncomingMessage } from 'node:http'
import { roleMay, type Permission } from './permissions.ts'

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
  may(permission: Permission): boolean
}

/** Who keeps accounts. */
export interface Accounts {
  /** Whether anybody can log in: nothing is open any more, then, to who has not. `unknown` as long as that cannot be read. */
  readonly exist: boolean | 'unknown'
  /** Whose token it is; null where it is nobody's. */
  whoBrings(token: string): ApiUser | null
}

export interface Refusal {
  readonly status: 401 | 403 | 429 | 503
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

/** What a route needs of who asks for it. */
export interface Needed {
  /** Null of what is no route: whoever has got in is told that it is none. */
  readonly permission: Permission | null
  /** It changes nothing. */
  readonly reads: boolean
}

/** Null where this is allowed. Whoever is let in without a token sees what a viewer of everything does. */
export function refusalOf(access: Access, { permission, reads }: Needed): Refusal | null {
  if (access.level === 'none') return access.refusal
  if (access.level === 'operator' || (permission === null && reads)) return null
  if (access.level === 'user')
    return permission === null || access.user.may(permission) ? null : forbidden(permission)
  if (reads && permission !== null && roleMay('viewer', permission)) return null
  return {
    status: 401,
    detail: reads
      ? 'needs a token, on the machine itself too'
      : 'what changes something needs a token, on the machine itself too',
  }
}

function forbidden(permission: Permission): Refusal {
  return { status: 403, detail: `needs a role with ${permission}, and whose token this is has none` }
}
