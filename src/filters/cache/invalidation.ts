import type { Fields } from '../../http/fields.ts'

/**
 * What is no longer true once an unsafe request for `url` has succeeded (RFC 9111 §4.4): that, and what its answer names
 * of the same origin.
 */
export function invalidated(url: string, answer: Fields): readonly string[] {
  const urls = [url]
  // A Host may be one that no URL has: 1.2.3.256 is a name in RFC 3986, and an address that is none in WHATWG's.
  if (!URL.canParse(url)) return urls
  const own = new URL(url)
  for (const name of ['location', 'content-location']) {
    const value = answer.get(name)
    if (value === undefined || !URL.canParse(value, url)) continue
    const { origin, pathname, search } = new URL(value, url)
    // The authority stays as the client wrote it: so it is in the keys.
    if (origin === own.origin)
      urls.push(url.slice(0, url.indexOf('/', own.protocol.length + 2)) + pathname + search)
  }
  return urls
}
