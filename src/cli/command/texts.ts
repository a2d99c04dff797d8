import { escapeJson } from '../../telemetry/json.ts'

/** `1 match`, `2 matches`. */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : what.endsWith('ch') ? 'es' : 's'}`
}

/** A name that somebody made up may hold what a terminal obeys. */
export function plain(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, character => escapeJson(character))
}
