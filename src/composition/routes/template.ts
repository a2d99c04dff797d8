import { CallFailure } from '../calls/failure.ts'

/** The names in braces of a path template: `/users/{id}` has `id`, `/files/{rest=**}` has `rest`. */
export type NamesIn<P extends string> = P extends `${string}{${infer Name}}${infer Rest}`
  ? (Name extends `${infer Alone}=**` ? Alone : Name) | NamesIn<Rest>
  : never

/** What a path template makes of a path: each name is a whole segment, decoded. */
export type ParamsIn<P extends string> = { readonly [N in NamesIn<P>]: string }

/** Also behind a slash that is escaped, and with parameters (`..;x`): there are servers who read both. */
export const DOT_SEGMENT = /(?:^|[/\\])\.{1,2}(?:[/\\;]|$)/

/** What says which paths a route takes. */
export interface Template {
  readonly text: string
  readonly names: readonly string[]
  /** Two of the same shape take the same paths. */
  readonly shape: string
  /** Segment by segment how much of it is text: Infinity where all is, 0 of a name alone, -1 of what takes several. */
  readonly weights: readonly number[]
  /** The decoded values by name, or null where the path is none of its. Throws a URIError for a broken escape. */
  match(path: string): Record<string, string> | null
}

/** Of two that take a path, the one wins whose first segment that differs is no name, or has more text beside it. */
export function isBefore(one: Template, other: Template): boolean {
  for (const [i, weight] of one.weights.entries()) {
    const theirs = other.weights[i] ?? weight
    if (weight !== theirs) return weight > theirs
  }
  return false
}

/** A segment as it goes on the wire, or what is in it: text, name, text, name, …, text. */
type Segment =
  | string
  | { readonly parts: readonly string[]; readonly names: readonly string[]; readonly pattern: RegExp }

/**
 * A path template as OpenAPI has it, `/users/{id}/orders`: a name stands for a whole segment, or for a part of one
 * (`/files/{name}.json`, `/books/{id}:archive`). At its end `{rest=**}` takes what is left, be it nothing, with its
 * escapes as they came. Throws a TypeError for what is none, since it is a mistake of who wrote it.
 */
export class PathTemplate implements Template {
  readonly text: string
  readonly names: readonly string[]
  /** The name at its end that takes what is left. */
  private readonly rest: string | null
  private readonly segments: readonly Segment[]

  constructor(text: string) {
    if (!text.startsWith('/')) throw new TypeError(`the path ${JSON.stringify(text)} does not begin with "/"`)
    this.text = text
    const [, before = text, rest] = /^(.*)\/\{([A-Za-z_][\w.-]*)=\*\*\}$/s.exec(text) ?? []
    this.rest = rest ?? null
    this.segments =
      before === ''
        ? []
        : before
            .slice(1)
            .split('/')
            .map(segment => segmentOf(segment, text))
    this.names = [...this.segments.flatMap(namesOf), ...(rest === undefined ? [] : [rest])]
    if (new Set(this.names).size < this.names.length)
      throw new TypeError(`the path ${JSON.stringify(text)} has a name twice`)
  }

  /** Two of the same shape take the same paths. */
  get shape(): string {
    return this.text.replaceAll(/\{[^}]*\}/g, name => (name.endsWith('=**}') ? '{**}' : '{}'))
  }

  get weights(): readonly number[] {
    return [...this.segments.map(textOf), ...(this.rest === null ? [] : [-1])]
  }

  match(path: string): Record<string, string> | null {
    const given = path.slice(1).split('/')
    const { length } = this.segments
    if (this.rest === null ? given.length !== length : given.length < length) return null
    const params: Record<string, string> = {}
    if (this.rest !== null) params[this.rest] = given.slice(length).join('/')
    for (let i = 0; i < length; i++) {
      const segment = this.segments[i]!
      const text = given[i]!
      if (typeof segment === 'string') {
        if (segment !== text && decodeURIComponent(text) !== decodeURIComponent(segment)) return null
        continue
      }
      const values = segment.pattern.exec(text)
      if (values === null) return null
      const { names } = segment
      for (let at = 0; at < names.length; at++) params[names[at]!] = decodeURIComponent(values[at + 1]!)
    }
    return params
  }

  /**
   * The path with these in the places of its names, escaped. A value that would make another path of it is refused:
   * `/users/{id}/orders` with `..` is `/orders` to every URL parser, however it is escaped.
   */
  expand(call: string, values: Readonly<Record<string, unknown>> = {}): string {
    let path = ''
    for (const segment of this.segments) path += `/${expanded(call, segment, values)}`
    if (this.rest !== null) path += `/${restOf(call, this.rest, values[this.rest])}`
    return path
  }
}

function segmentOf(segment: string, text: string): Segment {
  const parts = segment.split(/\{([A-Za-z_][\w.-]*)\}/)
  const texts = parts.filter((_, i) => i % 2 === 0)
  if (texts.some(part => /[{}?#\s]/.test(part)))
    throw new TypeError(
      `the path ${JSON.stringify(text)} has ${JSON.stringify(segment)}: expected names in braces, and no query`,
    )
  // Text that somebody has put into a path is no template: it must not lead out of it.
  if (parts.length === 1 && isDots(segment))
    throw new TypeError(
      `the path ${JSON.stringify(text)} has ${JSON.stringify(segment)}, which leads elsewhere`,
    )
  // Nobody could say where one ends and the next begins.
  if (texts.slice(1, -1).includes(''))
    throw new TypeError(`the path ${JSON.stringify(text)} has two names with nothing between`)
  if (parts.length === 1) return segment
  // All but the last name end at the next text: where each could end anywhere, a path could be made to take minutes.
  const pattern = parts
    .map((part, i) => {
      if (i % 2 === 0) return RegExp.escape(part)
      return i < parts.length - 2 ? `([^${RegExp.escape(parts[i + 1]![0]!)}]+)` : '(.+)'
    })
    .join('')
  const names = parts.filter((_, i) => i % 2 === 1)
  return { parts, names, pattern: new RegExp(`^${pattern}$`, 's') }
}

function isDots(segment: string): boolean {
  try {
    return DOT_SEGMENT.test(decodeURIComponent(segment))
  } catch {
    throw new TypeError(`${JSON.stringify(segment)} has a broken escape`)
  }
}

const namesOf = (segment: Segment): readonly string[] => (typeof segment === 'string' ? [] : segment.names)

/** How much of it is text. */
const textOf = (segment: Segment): number =>
  typeof segment === 'string'
    ? Infinity
    : segment.parts.reduce((length, part, i) => length + (i % 2 === 0 ? part.length : 0), 0)

function expanded(call: string, segment: Segment, values: Readonly<Record<string, unknown>>): string {
  if (typeof segment === 'string') return segment
  const { parts } = segment
  let whole = parts[0]!
  for (let i = 1; i < parts.length; i += 2)
    whole += escaped(call, parts[i]!, values[parts[i]!]) + parts[i + 1]!
  // `.{ext}` with `.` in it.
  if (DOT_SEGMENT.test(whole))
    throw new CallFailure('path_parameter_refused', call, `it makes ${JSON.stringify(whole)}`)
  return whole
}

/** As it came in a path: it has its escapes, and must not lead out of where it is put. */
function restOf(call: string, name: string, value: unknown): string {
  const text = typeof value === 'string' ? value : ''
  if (!/^(?:[\w.~!$&'()*+,;=:@/-]|%[\dA-Fa-f]{2})*$/.test(text) || leadsOut(text))
    throw new CallFailure('path_parameter_refused', call, `${name} is ${JSON.stringify(text)}`)
  return text
}

/** Whether a path has dots that make another one of it, also behind escapes, or escapes that are broken. */
export function leadsOut(text: string): boolean {
  try {
    return DOT_SEGMENT.test(decodeURIComponent(text))
  } catch {
    return true
  }
}

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
