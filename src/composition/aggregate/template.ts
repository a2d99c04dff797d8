import type { Assembly } from './assembly.ts'

/** A name in braces. */
export interface Reference {
  /** `parts.user.tier` */
  readonly text: string
  /** The place of the part that it is of; null where it is of the request. */
  readonly part: number | null
  /** Undefined where it is not there. */
  read(assembly: Assembly): unknown
}

export type Piece = string | Reference

/** What is between braces, as a reference. Throws a TypeError for what is none. */
export type Resolve = (text: string) => Reference

/**
 * The pieces of a text with names in braces; `{{` and `}}` are braces. Throws a TypeError for a brace that is none of
 * that, and what `resolve` throws.
 */
export function piecesOf(text: string, resolve: Resolve): readonly Piece[] {
  const pieces: Piece[] = []
  let plain = ''
  for (let rest = text; rest !== '';) {
    const [token] = /^(?:\{\{|\}\}|\{[^{}]*\}|[{}]|[^{}]+)/.exec(rest)!
    rest = rest.slice(token.length)
    if (token === '{' || token === '}')
      throw new TypeError(
        `${JSON.stringify(text)} has a "${token}" by itself, expected a name in braces, or "${token}${token}" for one`,
      )
    if (token === '{{' || token === '}}') plain += token[0]!
    else if (token.startsWith('{')) {
      if (plain !== '') pieces.push(plain)
      plain = ''
      pieces.push(resolve(token.slice(1, -1)))
    } else plain += token
  }
  if (plain !== '') pieces.push(plain)
  return pieces
}

export const referencesOf = (pieces: readonly Piece[]): readonly Reference[] =>
  pieces.filter(piece => typeof piece !== 'string')
