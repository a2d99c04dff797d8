import { PlacesWriter, type Places } from './places.ts'

/** As deep as YAML may be (plain.ts). */
const MAX_DEPTH = 64
/** YAML takes no longer names on one line (YAML 1.2.2, §7.4.2). */
const MAX_NAME = 1000

/**
 * A text that is JSON, read as the parser of YAML reads it, with the same places, at a tenth of its cost in time and
 * memory. Null for anything else, and for what the two might take for different things (names that are there twice,
 * a lone carriage return): then it is the other's to read, or to refuse.
 */
export function readJsonText(text: string): Places | null {
  if (text.includes('\r')) return null
  try {
    return new JsonText(text).read()
  } catch (error) {
    if (error instanceof NotJson) return null
    throw error
  }
}

class NotJson extends Error {}

class JsonText {
  private readonly text: string
  private readonly places = new PlacesWriter()
  private at = 0

  constructor(text: string) {
    this.text = text
  }

  read(): Places {
    this.space()
    const value = this.value(this.at, 0)
    this.space()
    if (this.at !== this.text.length) throw new NotJson()
    return this.places.of(value)
  }

  /** `offset` is that of its name, where it has one. */
  private value(offset: number, depth: number): unknown {
    if (depth > MAX_DEPTH) throw new NotJson()
    const place = this.places.begin(offset)
    const value = this.valueAt(place, depth)
    this.places.end(place)
    return value
  }

  private valueAt(place: number, depth: number): unknown {
    switch (this.text[this.at]) {
      case '{':
        return this.object(place, depth)
      case '[':
        return this.array(depth)
      case '"':
        return this.string()
      default:
        return this.word()
    }
  }

  private object(place: number, depth: number): unknown {
    const value: Record<string, unknown> = {}
    const names: string[] = []
    this.at++
    while (this.goesOn('}', names.length === 0)) {
      const offset = this.at
      const name = this.name()
      if (Object.hasOwn(value, name)) throw new NotJson()
      this.space()
      this.take(':')
      this.space()
      value[name] = this.value(offset, depth + 1)
      names.push(name)
    }
    this.places.order(place, names, value)
    return value
  }

  private array(depth: number): unknown {
    const value: unknown[] = []
    this.at++
    while (this.goesOn(']', value.length === 0)) value.push(this.value(this.at, depth + 1))
    return value
  }

  /** Whether there is another item; stands before it then, and behind the end otherwise. */
  private goesOn(end: string, isFirst: boolean): boolean {
    this.space()
    if (this.text[this.at] === end) {
      this.at++
      return false
    }
    if (!isFirst) this.take(',')
    this.space()
    return true
  }

  private name(): string {
    const start = this.at
    const name = this.string()
    if (name === '__proto__' || name === '<<' || this.at - start > MAX_NAME) throw new NotJson()
    return name
  }

  private string(): string {
    const { text } = this
    const start = this.at
    this.take('"')
    for (;;) {
      const code = text.charCodeAt(this.at++)
      if (code === 34) break
      // NaN, behind the end, is not; a line break is no part of a string.
      if (!(code >= 32)) throw new NotJson()
      if (code === 92) this.at++
    }
    const written = text.slice(start, this.at)
    return written.includes('\\') ? parsed(written) : written.slice(1, -1)
  }

  private word(): unknown {
    words.lastIndex = this.at
    const [word] = words.exec(this.text) ?? []
    if (word === undefined) throw new NotJson()
    this.at += word.length
    return JSON.parse(word)
  }

  private take(character: string): void {
    if (this.text[this.at] !== character) throw new NotJson()
    this.at++
  }

  private space(): void {
    const { text } = this
    for (let code = text.charCodeAt(this.at); code === 32 || code === 10 || code === 9;)
      code = text.charCodeAt(++this.at)
  }
}

const words = /(?:true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)(?=[\s,\]}]|$)/y

function parsed(written: string): string {
  try {
    return JSON.parse(written) as string
  } catch {
    throw new NotJson()
  }
}
