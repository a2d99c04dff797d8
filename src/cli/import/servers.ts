import { type Faults, mapOf } from './faults.ts'

/**
 * Where the first server of a document has its paths, as clients of today know it: `https://pets.example/api/v3` is
 * `/api/v3`. "" for the root, and where it says nothing that a path could be.
 */
export function serverPath(servers: unknown, faults: Faults): string {
  const first: unknown = Array.isArray(servers) ? servers[0] : undefined
  const server = mapOf(first)
  const url = server?.['url']
  if (typeof url !== 'string') return ''
  const whole = url.replaceAll(/\{([^{}]*)\}/g, (_, name: string) => defaultOf(server, name))
  const parsed = URL.canParse(whole, 'http://any.invalid/') ? new URL(whole, 'http://any.invalid/') : null
  if (parsed === null) {
    faults.warning(
      ['servers', 0, 'url'],
      'is no URL, and is passed over; --path says where clients find the API',
    )
    return ''
  }
  return parsed.pathname.replaceAll(/\/{2,}/g, '/').replace(/\/$/, '')
}

function defaultOf(server: Readonly<Record<string, unknown>> | null, name: string): string {
  const standard = mapOf(mapOf(server?.['variables'])?.[name])?.['default']
  return typeof standard === 'string' ? standard : name
}
