import type { Fields } from '../http/fields.ts'

/**
 * Removes what some backends take for fields of these names, in lower case: where a ClientPolicy allows underscores,
 * X_User is X-User to whoever makes variables of fields (RFC 3875 §4.1.18).
 */
export function removeSpellings(fields: Fields, names: readonly string[]): void {
  if (names.length === 0) return
  for (const name of fields.list.filter((one, i) => i % 2 === 0 && one.includes('_')))
    if (names.includes(withHyphens(name))) fields.remove(name.toLowerCase())
}

/** A name as such a backend reads it, in lower case. */
export function withHyphens(name: string): string {
  return name.toLowerCase().replaceAll('_', '-')
}
