import { memberAt } from './members.ts'
import type { Reference, Resolve } from './template.ts'

/** What the templates of a route may name. */
export interface Names {
  /** Of the path. */
  readonly params: readonly string[]
  /** With what counts where they are not there. */
  readonly query: ReadonlyMap<string, unknown>
  readonly headers: ReadonlyMap<string, unknown>
  readonly body: boolean
  /** In the order in which they are declared. */
  readonly parts: readonly string[]
}

const FORMS = '{params.NAME}, {query.NAME}, {headers.NAME}, {body…} or {parts.NAME…}'

/** References of templates to what a route has. They throw a TypeError where it has not. */
export function resolverOf(names: Names): Resolve {
  return text => {
    const [from = '', ...path] = text.split('.')
    if (path.includes('') || path.includes('__proto__'))
      throw new TypeError(`{${text}} is no name, expected ${FORMS}`)
    const [name = '', ...rest] = path
    switch (from) {
      case 'params':
        only(text, rest, names.params, name, 'a name of the path of the route')
        return { text, part: null, read: ({ asked }) => asked.params[name] }
      case 'query':
      case 'headers':
        return fieldOf(text, from, name, rest, names[from])
      case 'body':
        if (!names.body)
          throw new TypeError(`{${text}}: the route takes no body, expected its schema in "body"`)
        return { text, part: null, read: ({ asked }) => memberAt(asked.body, path) }
      case 'parts':
        return partOf(text, name, rest, names.parts)
      default:
        throw new TypeError(`{${text}} is unknown, expected ${FORMS}`)
    }
  }
}

function fieldOf(
  text: string,
  from: 'query' | 'headers',
  name: string,
  rest: readonly string[],
  known: ReadonlyMap<string, unknown>,
): Reference {
  only(text, rest, [...known.keys()], name, `one that "${from}" of the route declares`)
  const standard = known.get(name)
  return { text, part: null, read: ({ asked }) => asked[from][name] ?? standard }
}

function partOf(text: string, name: string, rest: readonly string[], parts: readonly string[]): Reference {
  const at = parts.indexOf(name)
  only(text, [], parts, name, 'a part of the route')
  return { text, part: at, read: ({ picked }) => memberAt(picked[at], rest) }
}

function only(
  text: string,
  rest: readonly string[],
  known: readonly string[],
  name: string,
  expected: string,
): void {
  if (known.includes(name) && rest.length === 0) return
  const there = known.length === 0 ? 'there is none' : known.join(', ')
  throw new TypeError(`{${text}} is not there, expected ${expected} (${there})`)
}
