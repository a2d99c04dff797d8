/**
 * Hostnames as Gateway API has them: "" any, `a.example` one, `*.example` every
 * name that ends in `.example`, however many labels are before it, but not
 * `example` itself. Lower case.
 */

/** The names that both take, as a hostname, or null where there are none. */
export function intersect(a: string, b: string): string | null {
  if (covers(a, b)) return b
  return covers(b, a) ? a : null
}

/** Whether `outer` takes every name that `inner` takes. */
export function covers(outer: string, inner: string): boolean {
  if (outer === '' || outer === inner) return true
  if (inner === '' || !outer.startsWith('*.')) return false
  const suffix = outer.slice(1)
  const name = inner.startsWith('*.') ? inner.slice(2) : inner
  return name.endsWith(suffix)
}

/**
 * What is left of a route's hostnames on a listener, each with the route's own hostname that it comes of ("" where the
 * route names none, and takes the listener's); empty where nothing is. Of several own ones, the most specific.
 */
export function onListener(listener: string, route: readonly string[]): Map<string, string> {
  if (route.length === 0) return new Map([[listener, '']])
  const left = new Map<string, string>()
  for (const own of route) {
    const common = intersect(listener, own)
    if (common === null) continue
    const before = left.get(common)
    if (before === undefined || bySpecificity(own, before) < 0) left.set(common, own)
  }
  return left
}

/**
 * Sorts the most specific first: a name before a wildcard, the longer before the
 * shorter (HTTPRouteSpec.hostnames: "characters in a matching non-wildcard
 * hostname", then "characters in a matching hostname"), and by letters, so that
 * the order never depends on that of the input.
 */
export function bySpecificity(a: string, b: string): number {
  return rank(a) - rank(b) || b.length - a.length || (a < b ? -1 : a > b ? 1 : 0)
}

function rank(hostname: string): number {
  return hostname === '' ? 2 : hostname.startsWith('*.') ? 1 : 0
}
