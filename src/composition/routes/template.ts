import { CallFailure } from '../calls/failure.ts'

/** The names in braces of a path template: `/users/{id}` has `id`. */
export type NamesIn<P extends string> = P extends `${string}{${infer Name}}${infer Rest}`
  ? Name | NamesIn<Rest>
  : never

/** What a path template makes of a path: each name is a whole segment, decoded. */
export type ParamsIn<P extends string> = { readonly [N in NamesIn<P>]: string }

/**
 * A path template as OpenAPI has it, `/users/{id}/orders`: a name stands for one whole segment. Throws a TypeError for
 * what is none, since it is a mistake of who wrote it.
 */
export class PathTemplate {
  readonly text: string
  readonly names: readonly string[]
  /** A segment as it goes on the wire, or the place of a name. */
  private readonly segments: readonly (string | { readonly name: string })[]

  constructor(text: string) {
    if (!text.startsWith('/')) throw new TypeError(`the path ${JSON.stringify(text)} does not begin with "/"`)
    this.text = text
    this.segments = text
      .slice(1)
      .split('/')
      .map(segment => segmentOf(segment, text))
    this.names = this.segments.flatMap(segment => (typeof segment === 'string' ? [] : [segment.name]))
    if (new Set(this.names).size < this.names.length)
      throw new TypeError(`the path ${JSON.stringify(text)} has a name twice`)
  }

  /** Two of the same shape take the same paths. */
  get shape(): string {
    return this.segments.map(segment => `/${typeof segment === 'string' ? segment : '{}'}`).join('')
  }

  /** Of two that take a path, the one wins whose first segment that differs is no name. */
  isBefore(other: PathTemplate): boolean {
    for (const [i, segment] of this.segments.entries()) {
      const theirs = other.segments[i]
      if (typeof segment !== typeof theirs) return typeof segment === 'string'
    }
    return false
  }

  /** The decoded segments by name, or null where the path is none of its. Throws a URIError for a broken escape. */
  match(path: string): Record<string, string> | null {
    const given = path.slice(1).split('/')
    if (given.length !== this.segments.length) return null
    const params: Record<string, string> = {}
    for (const [i, segment] of this.segments.entries()) {
      const text = given[i]!
      if (typeof segment === 'string') {
        if (segment !== text && decodeURIComponent(text) !== decodeURIComponent(segment)) return null
      } else if (text === '') return null
      else params[segment.name] = decodeURIComponent(text)
    }
    return params
  }

  /**
   * The path with these in the places of its names, escaped. A value that would make another path of it is refused:
   * `/users/{id}/orders` with `..` is `/orders` to every URL parser, however it is escaped.
   */
  expand(call: string, values: Readonly<Record<string, unknown>> = {}): string {
    let path = ''
    for (const segment of this.segments)
      path += `/${typeof segment === 'string' ? segment : escaped(call, segment.name, values[segment.name])}`
    return path
  }
}

function segmentOf(segment: string, text: string): string | { readonly name: string } {
  const name = /^\{([A-Za-z_][\w.-]*)\}$/.exec(segment)?.[1]
  if (name !== undefined) return { name }
  if (/[{}?#\s]/.test(segment))
    throw new TypeError(
      `the path ${JSON.stringify(text)} has ${JSON.stringify(segment)}: a name in braces is a whole segment, and a path has no query`,
    )
  return segment
}

/** Also behind a slash that is escaped, and with parameters (`..;x`): there are servers who read both. */
const DOT_SEGMENT = /(?:^|[/\\])\.{1,2}(?:[/\\;]|$)/

function escaped(call: string, name: string, value: unknown): string {
  const text =
    typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
  if (text === '' || DOT_SEGMENT.test(text))
    throw new CallFailure('path_parameter_refused', call, `${name} is ${JSON.stringify(value) ?? 'missing'}`)
  try {
    return encodeURIComponent(text)
  } catch (cause) {
    throw new CallFailure('path_parameter_refused', call, `${name} is no text`, { cause })
  }
}
