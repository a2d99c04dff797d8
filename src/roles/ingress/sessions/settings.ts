import { createHash } from 'node:crypto'
import type { SessionConfig } from '../../../filters/session/session.ts'
import type { SessionPersistence } from '../../../model/kinds/route.ts'
import { durationMs } from '../../../model/quantity.ts'
import type { Origin } from '../../../snapshot/origin.ts'
import type { Port } from '../../../snapshot/snapshot.ts'
import { tallyOf } from '../routes/entry-tally.ts'

/** What translation wants of services where a rule keeps sessions. */
export const SESSIONS = 'sessions'

export function keepSessions(ports: readonly Port[]): boolean {
  return ports.some(({ listeners }) =>
    listeners.some(({ hosts }) => hosts.some(({ entries }) => tallyOf(entries).sessions > 0)),
  )
}

/** What a rule's sessionPersistence comes to; `scope` is whose sessions these are. */
export function sessionConfig(
  { absoluteTimeout, type = 'Cookie', cookie, header }: SessionPersistence,
  scope: string,
  origin: Origin,
): SessionConfig {
  const by = type === 'Header' ? 'header' : 'cookie'
  return {
    type: 'session',
    origin,
    scope,
    by,
    name: (by === 'header' ? header : cookie)?.name ?? nameOf(scope),
    absoluteMs: absoluteTimeout === undefined ? 0 : (durationMs(absoluteTimeout) ?? 0),
    permanent: cookie?.lifetimeType === 'Permanent',
    path: cookie?.path ?? '/',
  }
}

/** CookieConfig.name: "If not specified, a unique cookie name SHOULD be generated." */
function nameOf(scope: string): string {
  return `portcullis-session-${createHash('sha256').update(scope).digest('hex').slice(0, 8)}`
}
