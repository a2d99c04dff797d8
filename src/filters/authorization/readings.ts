/** What backends are known to read in more than one way; most paths have none of it. */
const doubtful = /%2F|%5C|;|\/\//i

/**
 * How a backend may read a canonical path that keeps what is left to it: `%2F` and `%5C` as slashes, parameters of
 * segments (RFC 3986 §3.3) as none, several slashes as one. Null where that is the path itself.
 */
export function otherReading(path: string): string | null {
  if (!doubtful.test(path)) return null
  const open = path.replace(/%2F|%5C/gi, '/').replace(/;[^/]*/g, '')
  const segments: string[] = []
  for (const segment of open.split('/')) {
    if (segment === '..') segments.pop()
    else if (segment !== '' && segment !== '.') segments.push(segment)
  }
  const end = segments.length > 0 && /\/\.{0,2}$/.test(open) ? '/' : ''
  const read = `/${segments.join('/')}${end}`
  return read === path ? null : read
}

/** A segment that some backends take for a step: `/..;/`. No template of an operation means it. */
export function hasDoubtfulStep(path: string): boolean {
  return /\/\.{1,2};/.test(path)
}
