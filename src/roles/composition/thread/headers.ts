import { fieldsIn, isField } from '../../../composition/engine/fields.ts'

/** Of several of a name, where it is no comma (RFC 9110 §5.3): cookies are one list (RFC 9113 §8.2.3), and those that are set are none. */
const SEPARATORS: ReadonlyMap<string, string> = new Map([
  ['cookie', '; '],
  ['set-cookie', '\n'],
])

/** Without anything inherited, and faster to fill than what Object.create(null) makes, which V8 keeps as a table. */
const Named = function () {} as unknown as new () => Record<string, string>
Named.prototype = Object.create(null) as object

/** Fields by their names in lower case, as an engine has them: several of a name are joined. */
export function headersOf(list: readonly string[]): Readonly<Record<string, string>> {
  const headers = new Named()
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i]!.toLowerCase()
    const value = list[i + 1]!
    const before = headers[name]
    headers[name] = before === undefined ? value : `${before}${SEPARATORS.get(name) ?? ', '}${value}`
  }
  return headers
}

/**
 * Of an answer, by names in lower case, or a TypeError where one of them is none: what a backend has said must not become
 * another field, and what is no text must not cross.
 */
export function listOf(headers: Readonly<Record<string, unknown>>): string[] {
  const list: string[] = []
  for (const given of Object.keys(headers)) {
    const name = given.toLowerCase()
    for (const one of fieldsIn(name, headers[given])) {
      if (!isField(name, one))
        throw new TypeError(
          `${JSON.stringify(given)}: ${JSON.stringify(headers[given])} is no field (RFC 9110 §5)`,
        )
      list.push(name, one)
    }
  }
  return list
}
