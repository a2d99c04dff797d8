import type { LocalResponse } from '../filters/filter.ts'
import { compilePathRewrite } from '../filters/path-rewrite.ts'
import type { RequestHead } from '../http/head.ts'
import type { Redirect } from '../snapshot/rule.ts'

/**
 * Compiles Gateway API HTTPRequestRedirectFilter. `localPort` is the listener's
 * port: what counts where neither port nor scheme is configured. The query is kept.
 */
export function compileRedirect(redirect: Redirect): (head: RequestHead, localPort: number) => LocalResponse {
  const { status, hostname, port, scheme } = redirect
  const rewrite = redirect.path === null ? null : compilePathRewrite(redirect.path)
  return (head, localPort) => {
    const path = rewrite === null ? head.path : rewrite(head.path)
    const usedScheme = scheme ?? head.scheme
    const usedPort = port ?? (scheme === null ? localPort : (wellKnownPort(scheme) ?? localPort))
    const host = hostname ?? head.hostname
    const target = (path === '*' ? '/' : path) + head.query
    return {
      status,
      fields: ['Location', host === '' ? relative(target) : origin(usedScheme, host, usedPort) + target],
      body: '',
    }
  }
}

function origin(scheme: string, host: string, port: number): string {
  return port === wellKnownPort(scheme) ? `${scheme}://${host}` : `${scheme}://${host}:${port}`
}

/** HTTP/1.0 may come without a Host. A reference that begins with "//" would name another host (RFC 3986 §4.2). */
function relative(target: string): string {
  return target.startsWith('//') ? `/.${target}` : target
}

function wellKnownPort(scheme: string): number | null {
  if (scheme === 'http') return 80
  return scheme === 'https' ? 443 : null
}
