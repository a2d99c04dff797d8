/** Whether an Origin may share responses. */
export type OriginMatcher = (origin: string) => boolean

/** A serialised origin (RFC 6454 §6.2, Fetch "serializing a request origin") of a web page: scheme, host, optional port. */
const originForm = /^(https?):\/\/([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(\d{1,5}))?$/

interface Pattern {
  readonly scheme: string
  /** `.example.com`, or "" for every host. */
  readonly suffix: string
  readonly port: string
}

/**
 * Compiles the `allowOrigins` of a CORS filter. `*` alone allows everything,
 * opaque origins ("null") included. In a host, `*` stands for one or more labels
 * to its left: `https://*.example.com` takes a.b.example.com, not example.com.
 * A port that is left out is the scheme's own.
 */
export function compileOrigins(allowed: readonly string[]): OriginMatcher {
  if (allowed.includes('*')) return () => true
  const exact = new Set<string>()
  const patterns: Pattern[] = []
  for (const text of allowed) {
    const lower = text.toLowerCase()
    const wildcard = /^(https?):\/\/\*(\.[a-z0-9.-]+)?(?::(\d{1,5}))?$/.exec(lower)
    if (wildcard === null) exact.add(withoutDefaultPort(lower))
    else
      patterns.push({
        scheme: wildcard[1]!,
        suffix: wildcard[2] ?? '',
        port: wildcard[3] ?? wellKnownPort(wildcard[1]!),
      })
  }
  return origin => {
    const lower = origin.toLowerCase()
    if (exact.has(withoutDefaultPort(lower))) return true
    return patterns.length > 0 && matchesPattern(lower, patterns)
  }
}

function matchesPattern(origin: string, patterns: readonly Pattern[]): boolean {
  const parsed = originForm.exec(origin)
  if (parsed === null) return false
  const [, scheme = '', host = '', port = wellKnownPort(scheme)] = parsed
  return patterns.some(
    pattern =>
      pattern.scheme === scheme &&
      pattern.port === port &&
      host.length > pattern.suffix.length &&
      host.endsWith(pattern.suffix),
  )
}

function wellKnownPort(scheme: string): string {
  return scheme === 'https' ? '443' : '80'
}

function withoutDefaultPort(origin: string): string {
  return origin.replace(/^(http:\/\/.*):80$|^(https:\/\/.*):443$/, '$1$2')
}
