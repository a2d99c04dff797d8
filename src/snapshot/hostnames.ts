/**
 * The hostnames that take this one (a hostname, a wildcard, or "" for any), from
 * most to least specific: itself, wildcards over it from the longest on, any.
 */
export function coveringHostnames(hostname: string): string[] {
  const found = [hostname]
  let rest = hostname.startsWith('*.') ? hostname.slice(2) : hostname
  for (let at = rest.indexOf('.'); at >= 0; at = rest.indexOf('.')) {
    rest = rest.slice(at + 1)
    found.push(`*.${rest}`)
  }
  if (hostname !== '') found.push('')
  return found
}
