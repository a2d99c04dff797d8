import { flat } from '../http/flat.ts'
import { escapeJson } from './json.ts'

/** `,"name":"value"`, or "" for "". At most `limit` characters of the value. */
export function field(name: string, value: string, limit: number): string {
  return value === '' ? '' : `,"${name}":"${escapeJson(value, limit)}"`
}

interface Fragment {
  readonly a: string
  readonly b: string
  readonly c: string
  readonly n: number
  readonly text: string
}

/**
 * Parts of log lines that come again and again, kept as they are written: one
 * piece of the line instead of six (a piece costs 15 ns to join and flatten),
 * and no test of every character.
 *
 * A cache of places instead of entries: a value has two, and takes one from
 * whatever was there. So it is bounded without bookkeeping, whatever values
 * clients invent.
 * Not a Map, because a string that was just cut out of a head has no hash yet:
 * for a User-Agent of 100 characters a Map takes 215 ns, this 60.
 */
export class Fragments {
  private readonly slots: Fragment[]
  private readonly mask: number
  private readonly make: (a: string, b: string, c: string, n: number) => string

  /** `slots` is a power of two. `make` depends on its arguments only. */
  constructor(slots: number, make: (a: string, b: string, c: string, n: number) => string) {
    // Filled with equal objects that match nothing: -1 is no number that is asked for.
    this.slots = Array.from({ length: slots }, () => ({ a: '', b: '', c: '', n: -1, text: '' }))
    this.mask = slots - 1
    this.make = make
  }

  /** `n` is zero or more. */
  of(a: string, b: string, c: string, n: number): string {
    const at = (sample(a) * 31 + sample(b) + n * 7) & this.mask
    const found = this.slots[at]!
    // The same string mostly is the same object; otherwise comparing costs less than hashing.
    if (found.n === n && found.a === a && found.b === b && found.c === c) return found.text
    return this.second(at, a, b, c, n)
  }

  /** Two values with one first place live in two: what comes to the first moves what was there to the second. */
  private second(at: number, a: string, b: string, c: string, n: number): string {
    const { slots } = this
    const other = (at + 1) & this.mask
    let entry = slots[other]!
    if (entry.n !== n || entry.a !== a || entry.b !== b || entry.c !== c)
      entry = { a: flat(a), b: flat(b), c: flat(c), n, text: flat(this.make(a, b, c, n)) }
    slots[other] = slots[at]!
    slots[at] = entry
    return entry.text
  }
}

/** A number from the length and about four characters: every one costs 2 ns, and `n` tells the rest. */
function sample(text: string): number {
  const { length } = text
  const step = (length >> 2) + 1
  let sum = length
  for (let i = length - 1; i >= 0; i -= step) sum = (sum * 31 + text.charCodeAt(i)) | 0
  return sum
}
