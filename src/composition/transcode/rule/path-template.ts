/** A segment of a template: `*`, `**`, or text, decoded. */
export type TemplateSegment =
  | { readonly kind: 'one' }
  | { readonly kind: 'rest' }
  | { readonly kind: 'literal'; readonly text: string }

/** A variable stands for the segments from `from` to before `to`; with `**` at its end, for all that are left. */
export interface TemplateVariable {
  /** `sub.subfield`, its names apart. */
  readonly field: readonly string[]
  readonly from: number
  readonly to: number
  /** Whether it may be more than one segment, or is less than a whole one: then `%2F` in it stays as it is. */
  readonly multiple: boolean
}

const IDENT = /^[A-Za-z_]\w*$/

/**
 * A path template of google/api/http.proto: `/v1/{name=shelves/*\/books/*}:archive`. Throws a TypeError that says what is
 * wrong with it.
 */
export class HttpTemplate {
  readonly text: string
  readonly segments: readonly TemplateSegment[]
  readonly variables: readonly TemplateVariable[]
  /** Without its colon; empty where there is none. */
  readonly verb: string
  private readonly fully: boolean

  /** `fully`: escapes of slashes are decoded too, of a variable that takes several segments. */
  constructor(text: string, fully = false) {
    const { segments, variables, verb } = new Parser(text).template()
    this.text = text
    this.fully = fully
    this.segments = segments
    this.variables = variables
    this.verb = verb
  }

  /** Two of the same shape take the same paths. */
  get shape(): string {
    const of = (one: TemplateSegment) =>
      one.kind === 'literal' ? encodeURIComponent(one.text) : one.kind === 'one' ? '*' : '**'
    return `/${this.segments.map(of).join('/')}${this.verb === '' ? '' : `:${this.verb}`}`
  }

  /** The text of each variable, decoded, of a path that the template takes; throws a URIError for a broken escape. */
  values(segments: readonly string[]): readonly string[] {
    return this.variables.map(({ from, to, multiple }) => {
      if (!multiple) return decoded(segments[from]!)
      const open = this.segments[to - 1]?.kind === 'rest'
      const own = segments.slice(from, open ? undefined : to)
      return own.map(this.fully && own.length > 1 ? decoded : decodedButSlashes).join('/')
    })
  }
}

/** Of http.proto: "The server side does the reverse decoding." Most segments have nothing to decode. */
export const decoded = (segment: string): string =>
  segment.includes('%') ? decodeURIComponent(segment) : segment

/** Of http.proto, of variables of several segments: `%2F` and `%2f` are left unchanged, so that one is told from a slash between segments. */
const decodedButSlashes = (segment: string): string =>
  segment.includes('%')
    ? segment
        .split(/(%2f)/i)
        .map((part, i) => (i % 2 === 0 ? decodeURIComponent(part) : part))
        .join('')
    : segment

class Parser {
  private readonly text: string
  private at = 0
  private readonly segments: TemplateSegment[] = []
  private readonly variables: TemplateVariable[] = []

  constructor(text: string) {
    this.text = text
  }

  template(): Pick<HttpTemplate, 'segments' | 'variables' | 'verb'> {
    if (!this.take('/')) throw this.wrong('it does not begin with "/"')
    // A root alone, `/`, which the grammar forgets, and which services of web pages have.
    if (this.text !== '/') this.list(false)
    const verb = this.take(':') ? this.literal() : ''
    if (this.at < this.text.length) throw this.wrong(`${JSON.stringify(this.text[this.at])} is not expected`)
    const rest = this.segments.findIndex(({ kind }) => kind === 'rest')
    if (rest !== -1 && rest < this.segments.length - 1) throw this.wrong('"**" is not its last segment')
    const names = this.variables.map(({ field }) => field.join('.'))
    if (new Set(names).size < names.length) throw this.wrong('it has a variable twice')
    return { segments: this.segments, variables: this.variables, verb }
  }

  private list(inVariable: boolean): void {
    do this.segment(inVariable)
    while (this.take('/'))
  }

  private segment(inVariable: boolean): void {
    if (this.take('**')) this.segments.push({ kind: 'rest' })
    else if (this.take('*')) this.segments.push({ kind: 'one' })
    else if (!this.take('{')) this.segments.push({ kind: 'literal', text: this.literal() })
    else if (inVariable) throw this.wrong('a variable is in a variable')
    else this.variable()
  }

  private variable(): void {
    const field = this.until(/[=}]/).split('.')
    if (!field.every(name => IDENT.test(name)))
      throw this.wrong(`${JSON.stringify(field.join('.'))} is no field path`)
    const from = this.segments.length
    if (this.take('=')) this.list(true)
    else this.segments.push({ kind: 'one' })
    if (!this.take('}')) throw this.wrong('a "}" is missing')
    const to = this.segments.length
    this.variables.push({ field, from, to, multiple: to - from > 1 || this.segments[from]!.kind === 'rest' })
  }

  private literal(): string {
    const text = this.until(/[/:{}*=]/)
    if (text === '') throw this.wrong('a segment is empty')
    if (/[?#\s]/.test(text)) throw this.wrong(`${JSON.stringify(text)} cannot stand in a path`)
    try {
      return decodeURIComponent(text)
    } catch (cause) {
      throw this.wrong(`${JSON.stringify(text)} has a broken escape`, cause)
    }
  }

  private until(end: RegExp): string {
    const length = this.text.slice(this.at).search(end)
    const from = this.at
    this.at = length === -1 ? this.text.length : from + length
    return this.text.slice(from, this.at)
  }

  private take(text: string): boolean {
    if (!this.text.startsWith(text, this.at)) return false
    this.at += text.length
    return true
  }

  private wrong(what: string, cause?: unknown): TypeError {
    return new TypeError(`the path template ${JSON.stringify(this.text)}: ${what}`, { cause })
  }
}
