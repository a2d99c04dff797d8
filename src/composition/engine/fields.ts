import { ownedFields } from '../../http/owned-fields.ts'

/**
 * Throws a TypeError where fields of an answer, by their names in lower case, cannot be that. A route may put into one
 * what a backend or a client has said: it must not become another field, nor another end of the answer.
 */
export function checkFields(headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) {
    // Several of them have a line each: a comma may be in one (RFC 9110 §5.3).
    const text = name === 'set-cookie' ? value.replaceAll('\n', '') : value
    if (!/^[!#$%&'*+.^`|~\w-]+$/.test(name) || ownedFields.has(name) || /[^\t\x20-\x7e\x80-\xff]/.test(text))
      throw new TypeError(
        `${JSON.stringify(name)}: ${JSON.stringify(value)} is no field of an answer (RFC 9110 §5, §7.6.1)`,
      )
  }
}
