/** Whether a text is one of these, or begins with one that ends in `*`. */
export function textSet(patterns: readonly string[]): (text: string) => boolean {
  const exact = new Set(patterns.filter(one => !one.endsWith('*')))
  const prefixes = patterns.filter(one => one.endsWith('*')).map(one => one.slice(0, -1))
  if (prefixes.length === 0) return text => exact.has(text)
  return text => exact.has(text) || prefixes.some(prefix => text.startsWith(prefix))
}

/**
 * Whether all of a text is what a pattern says; `*` is any run of characters. At most as many steps as
 * the product of their lengths: a regular expression of the same could be made to take for ever.
 */
export function globMatches(pattern: string, text: string): boolean {
  let p = 0
  let t = 0
  /** Behind the last `*`, and up to where it has taken the text. */
  let star = -1
  let taken = 0
  while (t < text.length) {
    if (pattern[p] === '*') {
      star = ++p
      taken = t
    } else if (p < pattern.length && pattern[p] === text[t]) {
      p++
      t++
    } else if (star >= 0) {
      p = star
      t = ++taken
    } else return false
  }
  while (pattern[p] === '*') p++
  return p === pattern.length
}
