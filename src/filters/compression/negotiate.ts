/** Content codings that are made here, by their names of RFC 9110 §8.4.1, RFC 7932 and RFC 8878. */
export type Encoding = 'gzip' | 'br' | 'zstd'

/** What a client takes best of what it may have. */
export interface Choice {
  readonly encoding: Encoding
  /** `identity;q=0`: a body is compressed also where it is too small to gain from it. */
  readonly always: boolean
}

/** Accept-Encoding, all lines of it, or undefined → what is sent; null: the body as it is. */
export type Negotiate = (accepted: string | undefined) => Choice | null

/** Browsers send a handful of values; what is longer than theirs, or another one each time, is read anew. */
const MEMO_LENGTH = 64
const MEMO_ENTRIES = 64

/**
 * Reads Accept-Encoding (RFC 9110 §12.5.3). `encodings` are in our order of
 * preference, which decides among those that the client weighs alike. The body
 * goes as it is where the field is absent (everything may be sent then, and old
 * programs that say nothing read nothing else), where it is empty, and where the
 * client would rather have that.
 */
export function negotiator(encodings: readonly Encoding[]): Negotiate {
  const memo = new Map<string, Choice | null>()
  return accepted => {
    if (accepted === undefined || accepted === '') return null
    const known = memo.get(accepted)
    if (known !== undefined) return known
    const choice = choose(encodings, weights(accepted))
    if (accepted.length > MEMO_LENGTH) return choice
    if (memo.size === MEMO_ENTRIES) memo.clear()
    memo.set(accepted, choice)
    return choice
  }
}

function choose(encodings: readonly Encoding[], asked: ReadonlyMap<string, number>): Choice | null {
  const others = asked.get('*') ?? 0
  let encoding: Encoding | null = null
  let best = 0
  for (const one of encodings) {
    const weight = asked.get(one) ?? others
    if (weight <= best) continue
    best = weight
    encoding = one
  }
  const identity = asked.get('identity')
  if (encoding === null || (identity !== undefined && identity > best)) return null
  return { encoding, always: (identity ?? asked.get('*') ?? 1) === 0 }
}

/** Weights in thousandths by coding, in lower case. The first of two for the same coding counts. */
function weights(accepted: string): Map<string, number> {
  const asked = new Map<string, number>()
  for (const element of accepted.split(',')) {
    const semicolon = element.indexOf(';')
    const name = (semicolon === -1 ? element : element.slice(0, semicolon)).trim().toLowerCase()
    // RFC 9110 §8.4.1.3: x-gzip is the same.
    const coding = name === 'x-gzip' ? 'gzip' : name
    if (coding === '' || asked.has(coding)) continue
    asked.set(coding, semicolon === -1 ? 1000 : thousandths(element.slice(semicolon + 1)))
  }
  return asked
}

const weight = /^[ \t]*q=(?:(0(?:\.\d{0,3})?)|1(?:\.0{0,3})?)[ \t]*$/i

/** A weight (RFC 9110 §12.4.2). What is none is as good as 0: who cannot say what it takes is sent what everybody reads. */
function thousandths(text: string): number {
  const match = weight.exec(text)
  if (match === null) return 0
  return match[1] === undefined ? 1000 : Math.round(Number(match[1]) * 1000)
}
