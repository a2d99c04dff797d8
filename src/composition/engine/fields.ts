import { ownedFields } from '../../http/owned-fields.ts'

const NAME = /^[!#$%&'*+.^`|~\w-]+$/
const OUTSIDE = /[^\t\x20-\x7e\x80-\xff]/

/**
 * Whether these are one field (RFC 9110 §5). What code has written may be anything: a value that was left out is no text,
 * though a pattern would read "undefined" of it.
 */
export function isField(name: string, value: unknown): value is string {
  return typeof value === 'string' && NAME.test(name) && !OUTSIDE.test(value)
}

/** The fields of a name and its value: cookies that are set have a line each, as a comma may be in one (RFC 9110 §5.3). */
export function fieldsIn(name: string, value: unknown): readonly unknown[] {
  return name === 'set-cookie' && typeof value === 'string' ? value.split('\n') : [value]
}

/**
 * Throws a TypeError where fields of an answer cannot be that. A route may put into one what a backend or a client has
 * said: it must not become another field, nor another end of the answer, whatever the case of its name. `cookies` are
 * those of a backend, passed on as they came.
 */
export function checkFields(headers: Readonly<Record<string, unknown>>, cookies?: string): void {
  for (const [given, value] of Object.entries(headers)) {
    const name = given.toLowerCase()
    const all = value === cookies ? fieldsIn(name, value) : [value]
    if (ownedFields.has(name) || !all.every(one => isField(name, one)))
      throw new TypeError(
        `${JSON.stringify(given)}: ${JSON.stringify(value)} is no field of an answer (RFC 9110 §5, §7.6.1)`,
      )
  }
}
