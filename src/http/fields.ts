/**
 * A header or trailer section: names and values in the order of arrival, names
 * in the case in which they came. One flat array (name, value, name, value …)
 * because a list of pairs costs an allocation per field on the hot path.
 * Anyone may append to it; only methods change or remove what is in it.
 *
 * Beside the list stands, as far as it is known, how its beginning reads on the
 * wire: most fields go on as they came, and joining each name and value anew
 * cost more than parsing them (bench/README.md).
 *
 * Lookups take the name in lower case (RFC 9110 §5.1: names are
 * case-insensitive) and compare the length before anything else.
 */
export class Fields {
  readonly list: string[]
  #text = ''
  /** How much of `list` the text covers. */
  #covered = 0
  /** Names in lower case, and the fields of these names as they were when they were kept. */
  #kept: { readonly names: string[]; readonly list: string[] } | null = null

  constructor(list: string[] = []) {
    this.list = list
  }

  /** The first value of this field, or undefined. `name` is in lower case. */
  get(name: string): string | undefined {
    const { list } = this
    for (let i = 0; i < list.length; i += 2) if (sameName(list[i]!, name)) return list[i + 1]
    return undefined
  }

  /** All values of this field joined by ", " (RFC 9110 §5.3), or undefined. `name` is in lower case. */
  combined(name: string): string | undefined {
    const { list } = this
    let all: string | undefined
    for (let i = 0; i < list.length; i += 2)
      if (sameName(list[i]!, name)) all = all === undefined ? list[i + 1]! : `${all}, ${list[i + 1]!}`
    return all
  }

  has(name: string): boolean {
    return this.get(name) !== undefined
  }

  /** Appends a field; an existing one of the same name stays. */
  add(name: string, value: string): void {
    this.list.push(name, value)
  }

  /** All fields as lines `name: value CRLF`. */
  wire(): string {
    const { list } = this
    let text = this.#text
    for (let i = this.#covered; i < list.length; i += 2) text += list[i]! + ': ' + list[i + 1]! + '\r\n'
    return text
  }

  /** Tells how the fields from `from` to the end of the list read on the wire; heard if everything before is known too. */
  wrote(from: number, text: string): void {
    if (this.#covered !== from) return
    this.#text = from === 0 ? text : this.#text + text
    this.#covered = this.list.length
  }

  /** Replaces every field of this name by one. `lower` is `name` in lower case. */
  set(name: string, value: string, lower: string = name.toLowerCase()): void {
    const { list } = this
    for (let i = 0; i < list.length; i += 2) {
      if (!sameName(list[i]!, lower)) continue
      this.rewrite(i, list[i]!, list[i + 1]!, `${name}: ${value}\r\n`)
      list[i] = name
      list[i + 1] = value
      this.removeFrom(lower, i + 2)
      return
    }
    list.push(name, value)
  }

  /** Removes every field of this name. `name` is in lower case. */
  remove(name: string): void {
    this.removeFrom(name, 0)
  }

  /** Notes the fields of this name, to be had again by `putBack`; what was noted first counts. `name` is in lower case. */
  keep(name: string): void {
    const kept = (this.#kept ??= { names: [], list: [] })
    if (kept.names.includes(name)) return
    kept.names.push(name)
    const { list } = this
    for (let i = 0; i < list.length; i += 2)
      if (sameName(list[i]!, name)) kept.list.push(list[i]!, list[i + 1]!)
  }

  /** Whatever was kept is again as it was then. */
  putBack(): void {
    if (this.#kept === null) return
    for (const name of this.#kept.names) this.remove(name)
    this.list.push(...this.#kept.list)
    this.#kept = null
  }

  private removeFrom(lower: string, from: number): void {
    const { list } = this
    let to = from
    for (let i = from; i < list.length; i += 2) {
      if (sameName(list[i]!, lower)) {
        if (to < this.#covered) {
          this.rewrite(to, list[i]!, list[i + 1]!, '')
          this.#covered -= 2
        }
        continue
      }
      if (to !== i) {
        list[to] = list[i]!
        list[to + 1] = list[i + 1]!
      }
      to += 2
    }
    list.length = to
  }

  /** Where the text covers this place: `line` takes that of the field which it has there. Each line is `name: value CRLF`. */
  private rewrite(at: number, name: string, value: string, line: string): void {
    if (at >= this.#covered) return
    const { list } = this
    let from = 0
    for (let i = 0; i < at; i++) from += list[i]!.length + 2
    const text = this.#text
    this.#text = text.slice(0, from) + line + text.slice(from + name.length + value.length + 4)
  }
}

/** Whether `name`, in any case, is the field named `lower` (which is in lower case). */
export function sameName(name: string, lower: string): boolean {
  if (name.length !== lower.length) return false
  // Or-ing 32 folds A–Z onto a–z; on other token characters it can only cause a needless full comparison.
  if ((name.charCodeAt(0) | 32) !== (lower.charCodeAt(0) | 32)) return false
  return name === lower || name.toLowerCase() === lower
}
