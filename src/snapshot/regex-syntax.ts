/**
 * The part of regular expression syntax that RE2 and JavaScript read alike:
 * literals, classes, groups, alternation, greedy and lazy repetition. What
 * only one of them knows is refused, so that a pattern means the same here as
 * in gateways built on Envoy.
 */
export type RegexNode =
  | { readonly type: 'set'; readonly set: CharSet }
  | { readonly type: 'cat'; readonly items: readonly RegexNode[] }
  | { readonly type: 'alt'; readonly options: readonly RegexNode[] }
  | { readonly type: 'repeat'; readonly item: RegexNode; readonly min: number; readonly max: number }
  /** An assertion: takes no character. */
  | { readonly type: 'assert' }

/** Inclusive ranges of UTF-16 code units: from, to, from, to …; sorted, not overlapping. */
export type CharSet = readonly number[]

const LAST = 0xffff
/** RE2's own bound for counted repetition. */
const MAX_COUNT = 1000

const digits = [0x30, 0x39]
const word = [0x30, 0x39, 0x41, 0x5a, 0x5f, 0x5f, 0x61, 0x7a]
// ECMA-262 WhiteSpace and LineTerminator: what \s takes.
const space = [
  0x09, 0x0d, 0x20, 0x20, 0xa0, 0xa0, 0x1680, 0x1680, 0x2000, 0x200a, 0x2028, 0x2029, 0x202f, 0x202f, 0x205f,
  0x205f, 0x3000, 0x3000, 0xfeff, 0xfeff,
]
const classes: Readonly<Record<string, CharSet>> = {
  d: digits,
  D: invert(digits),
  w: word,
  W: invert(word),
  s: space,
  S: invert(space),
}
const controls: Readonly<Record<string, number>> = { t: 0x09, n: 0x0a, v: 0x0b, f: 0x0c, r: 0x0d }
/** What `.` takes: anything but line terminators. */
export const DOT_SET: CharSet = invert([0x0a, 0x0a, 0x0d, 0x0d, 0x2028, 0x2029])

class SyntaxProblem extends Error {}

/** The pattern's tree, or what is wrong with it. */
export function parseRegex(pattern: string): RegexNode | string {
  try {
    return new Parser(pattern).whole()
  } catch (error) {
    if (error instanceof SyntaxProblem) return error.message
    throw error
  }
}

class Parser {
  private at = 0
  private depth = 0
  private readonly text: string

  constructor(text: string) {
    this.text = text
  }

  whole(): RegexNode {
    const node = this.alternatives()
    if (this.at < this.text.length) this.fail('")" without "("')
    return node
  }

  private fail(message: string): never {
    throw new SyntaxProblem(`${message} (at character ${this.at + 1})`)
  }

  private take(text: string): boolean {
    if (!this.text.startsWith(text, this.at)) return false
    this.at += text.length
    return true
  }

  private alternatives(): RegexNode {
    const options = [this.sequence()]
    while (this.take('|')) options.push(this.sequence())
    return options.length === 1 ? options[0]! : { type: 'alt', options }
  }

  private sequence(): RegexNode {
    const items: RegexNode[] = []
    while (this.at < this.text.length && this.text[this.at] !== '|' && this.text[this.at] !== ')')
      items.push(this.repeated(this.atom()))
    return items.length === 1 ? items[0]! : { type: 'cat', items }
  }

  private atom(): RegexNode {
    const c = this.text[this.at]!
    if (c === '*' || c === '+' || c === '?') this.fail(`nothing to repeat before "${c}"`)
    if (c === '{' || c === '}' || c === ']') this.fail(`"${c}" must be written "\\${c}"`)
    this.at++
    if (c === '(') return this.group()
    if (c === '[') return { type: 'set', set: this.charClass() }
    if (c === '.') return { type: 'set', set: DOT_SET }
    if (c === '^' || c === '$') return { type: 'assert' }
    if (c !== '\\') return single(c.charCodeAt(0))
    if (this.take('b') || this.take('B')) return { type: 'assert' }
    return { type: 'set', set: this.escape() }
  }

  private group(): RegexNode {
    if (this.take('?')) this.groupKind()
    // Recursion depth is the user's to choose, so it needs an end.
    if (++this.depth > 100) this.fail('groups are nested more than 100 deep')
    const node = this.alternatives()
    this.depth--
    if (!this.take(')')) this.fail('"(" without ")"')
    return node
  }

  private groupKind(): void {
    if (this.take(':')) return
    const rest = this.text.slice(this.at)
    if (/^(=|!|<=|<!)/.test(rest))
      this.fail('lookaround is not taken: it cannot be matched in linear time; use another match or rule')
    if (rest.startsWith('P<')) this.fail('write "(?<name>" for "(?P<name>"')
    const name = /^<[A-Za-z_][A-Za-z0-9_]*>/.exec(rest)?.[0]
    if (name === undefined)
      this.fail('flags and other "(?" groups are not taken; write both cases, as in "[Aa]"')
    this.at += name.length
  }

  private repeated(item: RegexNode): RegexNode {
    const bounds = this.quantifier()
    if (bounds === null) return item
    if (item.type === 'assert') this.fail('nothing to repeat')
    this.take('?')
    if (this.quantifier() !== null) this.fail('a repetition cannot be repeated; use a group')
    return { type: 'repeat', item, min: bounds[0], max: bounds[1] }
  }

  private quantifier(): [number, number] | null {
    if (this.take('*')) return [0, Infinity]
    if (this.take('+')) return [1, Infinity]
    if (this.take('?')) return [0, 1]
    const counted = /^\{(\d+)(,(\d*))?\}/.exec(this.text.slice(this.at, this.at + 24))
    if (counted === null) return null
    const min = Number(counted[1])
    const max = counted[2] === undefined ? min : counted[3] === '' ? Infinity : Number(counted[3])
    if (min > MAX_COUNT || (max !== Infinity && max > MAX_COUNT)) this.fail(`a count above ${MAX_COUNT}`)
    if (min > max) this.fail('the counts are out of order')
    this.at += counted[0].length
    return [min, max]
  }

  private charClass(): CharSet {
    const negated = this.take('^')
    const ranges: number[] = []
    if (this.text[this.at] === ']') this.fail('an empty class; write "\\]" for the character')
    while (!this.take(']')) {
      if (this.at >= this.text.length) this.fail('"[" without "]"')
      ranges.push(...this.classItem())
    }
    const set = merge(ranges)
    return negated ? invert(set) : set
  }

  private classItem(): CharSet {
    const from = this.classAtom()
    if (this.text[this.at] !== '-' || this.text[this.at + 1] === ']' || this.at + 1 >= this.text.length)
      return from
    this.at++
    const to = this.classAtom()
    if (from.length !== 2 || from[0] !== from[1] || to.length !== 2 || to[0] !== to[1])
      this.fail('a range needs single characters')
    if (from[0]! > to[0]!) this.fail('a range out of order')
    return [from[0]!, to[0]!]
  }

  private classAtom(): CharSet {
    const c = this.text[this.at]!
    // "[[:alpha:]]" is a POSIX class to RE2 and something else to JavaScript.
    if (c === '[') this.fail('"[" in a class must be written "\\["')
    this.at++
    return c === '\\' ? this.escape() : [c.charCodeAt(0), c.charCodeAt(0)]
  }

  private escape(): CharSet {
    const c = this.text[this.at]
    if (c === undefined) this.fail('"\\" at the end')
    this.at++
    if (Object.hasOwn(classes, c)) return classes[c]!
    if (Object.hasOwn(controls, c)) return [controls[c]!, controls[c]!]
    if (c === 'x') {
      const hex = /^[0-9a-fA-F]{2}/.exec(this.text.slice(this.at, this.at + 2))?.[0]
      if (hex === undefined) this.fail('"\\x" needs two hexadecimal digits')
      this.at += 2
      return [parseInt(hex, 16), parseInt(hex, 16)]
    }
    if (/[1-9k]/.test(c)) this.fail('backreferences are not taken: they cannot be matched in linear time')
    if (/[A-Za-z0-9]/.test(c)) this.fail(`"\\${c}" is not taken`)
    return [c.charCodeAt(0), c.charCodeAt(0)]
  }
}

function single(code: number): RegexNode {
  return { type: 'set', set: [code, code] }
}

function merge(ranges: readonly number[]): number[] {
  const pairs: [number, number][] = []
  for (let i = 0; i < ranges.length; i += 2) pairs.push([ranges[i]!, ranges[i + 1]!])
  pairs.sort((a, b) => a[0] - b[0])
  const merged: number[] = []
  for (const [from, to] of pairs) {
    if (merged.length > 0 && from <= merged[merged.length - 1]! + 1)
      merged[merged.length - 1] = Math.max(merged[merged.length - 1]!, to)
    else merged.push(from, to)
  }
  return merged
}

function invert(set: CharSet): CharSet {
  const inverse: number[] = []
  let next = 0
  for (let i = 0; i < set.length; i += 2) {
    if (set[i]! > next) inverse.push(next, set[i]! - 1)
    next = set[i + 1]! + 1
  }
  if (next <= LAST) inverse.push(next, LAST)
  return inverse
}
