/** Of several of a name, where it is no comma (RFC 9110 §5.3): cookies are one list (RFC 9113 §8.2.3), and those that are set are none. */
const SEPARATORS: ReadonlyMap<string, string> = new Map([
  ['cookie', '; '],
  ['set-cookie', '\n'],
])

/** Fields by their names in lower case, as an engine has them: several of a name are joined. */
export function headersOf(list: readonly string[]): Readonly<Record<string, string>> {
  const headers = Object.create(null) as Record<string, string>
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i]!.toLowerCase()
    const value = list[i + 1]!
    const before = headers[name]
    headers[name] = before === undefined ? value : `${before}${SEPARATORS.get(name) ?? ', '}${value}`
  }
  return headers
}

/** Of an answer, or a TypeError where one of them is none: what a backend has said must not become another field. */
export function listOf(headers: Readonly<Record<string, string>>): string[] {
  const list: string[] = []
  for (const name of Object.keys(headers)) {
    const value = headers[name]!
    for (const one of name === 'set-cookie' ? value.split('\n') : [value]) {
      if (!NAME.test(name) || OUTSIDE.test(one))
        throw new TypeError(`${JSON.stringify(name)}: ${JSON.stringify(value)} is no field (RFC 9110 §5)`)
      list.push(name, one)
    }
  }
  return list
}

const NAME = /^[!#$%&'*+.^`|~\w-]+$/
const OUTSIDE = /[^\t\x20-\x7e\x80-\xff]/
