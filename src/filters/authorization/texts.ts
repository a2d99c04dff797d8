/** Whether a text is one of these, or begins with one that ends in `*`. */
export function textSet(patterns: readonly string[]): (text: string) => boolean {
  const exact = new Set(patterns.filter(one => !one.endsWith('*')))
  const prefixes = patterns.filter(one => one.endsWith('*')).map(one => one.slice(0, -1))
  if (prefixes.length === 0) return text => exact.has(text)
  return text => exact.has(text) || prefixes.some(prefix => text.startsWith(prefix))
}

/**
 * Says whether all of a text is what a pattern says; `*` is any run of characters. Reads a text once, whatever pattern and
 * text are: who writes patterns and who sends texts are strangers to those whose requests wait meanwhile, and a regular
 * expression of the same, or trying again behind each `*`, could be made to take seconds.
 */
export function compileGlob(pattern: string): (text: string) => boolean {
  const parts = pattern.split('*')
  const [first = ''] = parts
  if (parts.length === 1) return text => text === first
  const last = parts.at(-1)!
  const finders = parts.slice(1, -1).map(finder)
  return text => {
    const end = text.length - last.length
    if (end < first.length || !text.startsWith(first) || !text.endsWith(last)) return false
    let at = first.length
    for (const find of finders) {
      // The first place is as good as any: what follows has the most room then.
      at = find(text, at)
      if (at < 0 || at > end) return false
    }
    return true
  }
}

/** Behind the first place of a part from `from` on; -1: nowhere. */
type Find = (text: string, from: number) => number

/** Up to this length comparing at each place costs no more than being clever. */
const SHORT = 8

/** Knuth, Morris and Pratt (1977). */
function finder(part: string): Find {
  const { length } = part
  if (length <= SHORT)
    return (text, from) => {
      const at = text.indexOf(part, from)
      return at < 0 ? -1 : at + length
    }
  const borders = bordersOf(part)
  return (text, from) => {
    let matched = 0
    for (let t = from; t < text.length; t++) {
      while (matched > 0 && part[matched] !== text[t]) matched = borders[matched - 1]!
      if (part[matched] === text[t]) matched++
      if (matched === length) return t + 1
    }
    return -1
  }
}

/** Of each beginning of a text, how long its longest border is: what is both its beginning and its end. */
function bordersOf(part: string): readonly number[] {
  const borders = [0]
  for (let i = 1, border = 0; i < part.length; i++) {
    while (border > 0 && part[border] !== part[i]) border = borders[border - 1]!
    if (part[border] === part[i]) border++
    borders.push(border)
  }
  return borders
}
