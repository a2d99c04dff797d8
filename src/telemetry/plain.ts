import { escapeJson } from './json.ts'

/** A name that somebody made up may hold what a terminal obeys. */
export function plain(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, character => escapeJson(character))
}
