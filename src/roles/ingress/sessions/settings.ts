import { createHash } from 'node:crypto'
import type { SessionConfig } from '../../../filters/session/session.ts'
import type { SessionPersistence } from '../../../model/kinds/route.ts'
import { durationMs } from '../../../model/quantity.ts'
import type { Origin } from '../../../snapshot/origin.ts'
import type { PathMatch } from '../../../snapshot/rule.ts'
import type { Port } from '../../../snapshot/snapshot.ts'

/** What translation wants of services where a rule keeps sessions. */
export const SESSIONS = 'sessions'

export function keepSessions(ports: readonly Port[]): boolean {
  return ports.some(({ listeners }) =>
    listeners.some(({ hosts }) =>
      hosts.some(({ entries }) =>
        entries.some(({ rule }) => rule.action.type === 'forward' && rule.action.sessions === true),
      ),
    ),
  )
}

/** What a rule's sessionPersistence comes to; `scope` is whose sessions these are, `paths` where they are kept. */
export function sessionConfig(
  { sessionName, absoluteTimeout, type = 'Cookie', cookieConfig }: SessionPersistence,
  scope: string,
  paths: readonly PathMatch[],
  origin: Origin,
): SessionConfig {
  return {
    type: 'session',
    origin,
    scope,
    by: type === 'Header' ? 'header' : 'cookie',
    name: sessionName ?? nameOf(scope),
    absoluteMs: absoluteTimeout === undefined ? 0 : (durationMs(absoluteTimeout) ?? 0),
    permanent: cookieConfig?.lifetimeType === 'Permanent',
    paths: [...new Set(paths.map(cookiePath))].sort((a, b) => b.length - a.length),
  }
}

/** "If SessionName is not specified, then a unique cookie name should be generated." */
function nameOf(scope: string): string {
  return `portcullis-session-${createHash('sha256').update(scope).digest('hex').slice(0, 8)}`
}

/** GEP-1619, Path: that of the match; of a regular expression the longest beginning that is none. */
function cookiePath({ type, value }: PathMatch): string {
  const plain = type === 'regex' ? folder(literal(value)) : value
  // What would end the attribute, or the field.
  const end = plain.search(/[^\x21-\x3a\x3c-\x7e]/)
  return (end < 0 ? plain : folder(plain.slice(0, end))) || '/'
}

function literal(pattern: string): string {
  return pattern.includes('|') ? '' : (/^\^?([\w/~-]*)/.exec(pattern)?.[1] ?? '')
}

/** What is whole of a path that is cut off. */
function folder(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}
