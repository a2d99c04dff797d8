import { ownedFields } from '../../http/owned-fields.ts'

/**
 * Throws a TypeError where fields of an answer, by their names in lower case, cannot be that. A route may put into one
 * what a backend or a client has said: it must not become another field, nor another end of the answer. `cookies` are
 * those of a backend, passed on as they came: several have a line each, for a comma may be in one (RFC 9110 §5.3).
 */
export function checkFields(headers: Readonly<Record<string, string>>, cookies?: string): void {
  for (const [name, value] of Object.entries(headers)) {
    const text = name === 'set-cookie' && value === cookies ? value.replaceAll('\n', '') : value
    if (!/^[!#$%&'*+.^`|~\w-]+$/.test(name) || ownedFields.has(name) || /[^\t\x20-\x7e\x80-\xff]/.test(text))
      throw new TypeError(
        `${JSON.stringify(name)}: ${JSON.stringify(value)} is no field of an answer (RFC 9110 §5, §7.6.1)`,
      )
  }
}
