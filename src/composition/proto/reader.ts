import { ProtoFault, type Place } from './fault.ts'
import { bytesOf, tokensOf, type Token } from './tokens.ts'

/** Goes through the tokens of a .proto file. */
export class Reader {
  readonly text: string
  readonly file: string
  private readonly tokens: readonly Token[]
  private at = 0

  constructor(text: string, file: string) {
    this.text = text
    this.file = file
    this.tokens = tokensOf(text, file)
  }

  get next(): Token {
    return this.tokens[this.at]!
  }

  take(): Token {
    const token = this.next
    if (token.kind !== 'end') this.at++
    return token
  }

  is(text: string): boolean {
    return this.next.text === text && this.next.kind !== 'string'
  }

  /** Whether the token behind the next one is this. */
  isThen(text: string): boolean {
    return this.tokens[this.at + 1]?.text === text
  }

  accept(text: string): boolean {
    const found = this.is(text)
    if (found) this.at++
    return found
  }

  expect(text: string): Token {
    if (!this.is(text)) throw this.expected(JSON.stringify(text))
    return this.take()
  }

  expected(what: string): ProtoFault {
    const { kind, text } = this.next
    return new ProtoFault(
      this.next,
      `expected ${what}, found ${kind === 'end' ? text : JSON.stringify(text)}`,
    )
  }

  fault(place: Place, message: string): ProtoFault {
    return new ProtoFault(place, message)
  }

  word(what: string): string {
    if (this.next.kind !== 'word') throw this.expected(what)
    return this.take().text
  }

  /** `a.b.C`, or `.a.b.C`. */
  typeName(): string {
    let name = this.accept('.') ? '.' : ''
    name += this.word('the name of a type')
    while (this.accept('.')) name += `.${this.word('a name')}`
    return name
  }

  integer(what: string): number {
    const negative = this.accept('-')
    const { kind, text } = this.next
    if (kind !== 'number' || !/^(?:0[xX][\dA-Fa-f]+|\d+)$/.test(text)) throw this.expected(what)
    this.take()
    const value = /^0[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number(text)
    return negative ? -value : value
  }

  /** One string, or several in a row. */
  bytes(what: string): Uint8Array {
    if (this.next.kind !== 'string') throw this.expected(what)
    const parts: Uint8Array[] = []
    while (this.next.kind === 'string') parts.push(bytesOf(this.take().text))
    return Buffer.concat(parts)
  }

  string(what: string): string {
    return Buffer.from(this.bytes(what)).toString('utf8')
  }

  /** What stands between braces, without comments, which the text format has otherwise (`#`). */
  braced(): string {
    this.expect('{')
    let text = ''
    for (let depth = 1; ;) {
      const token = this.next
      if (token.kind === 'end') throw this.expected('"}"')
      if (token.kind === 'sign') depth += token.text === '{' ? 1 : token.text === '}' ? -1 : 0
      const before = this.tokens[this.at - 1]!
      if (token.offset > before.offset + before.text.length) text += ' '
      this.take()
      if (depth === 0) return text
      text += token.text
    }
  }
}
