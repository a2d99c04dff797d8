import { newKeyText, newTokenText, shownPrefix, type KeyText } from './key-text.ts'
import { hashUnder, type Hashed, type Peppers } from './peppers.ts'

/** A key as it is made: `text` is for who asked for it, once, and the rest is what is recorded. */
export interface IssuedKey extends Hashed {
  readonly text: string
  /** What it is found by: the row `key <keyId>` of `management credentials`. */
  readonly keyId: string
  /** `pc_live_8w3k…`: what lists show. */
  readonly prefix: string
}

/** An API key of this environment. */
export function issueKey(environment: string, peppers: Peppers): IssuedKey {
  return issued(newKeyText(environment), peppers)
}

/** A personal access token of the Admin API. */
export function issueToken(peppers: Peppers): IssuedKey {
  return issued(newTokenText(), peppers)
}

function issued(made: KeyText & { readonly text: string }, peppers: Peppers): IssuedKey {
  const { id, text } = made
  return { text, keyId: id, prefix: shownPrefix(made), ...hashUnder(peppers, made) }
}
