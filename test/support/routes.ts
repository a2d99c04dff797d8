import type { Match, PathMatch, Rule, ValueMatch } from '../../src/snapshot/rule.ts'
import type { Listener, RouteEntry } from '../../src/snapshot/snapshot.ts'
import { origin } from './exchange.ts'

export function rule(id: string): Rule {
  return { id, origin, filters: [], action: { type: 'respond', failure: 'destination_not_found' } }
}

/** `=/a` exact, `/a` prefix, `~/a.*` regular expression. */
export function pathMatch(text: string): PathMatch {
  if (text.startsWith('=')) return { type: 'exact', value: text.slice(1) }
  if (text.startsWith('~')) return { type: 'regex', value: text.slice(1) }
  return { type: 'prefix', value: text === '/' ? '' : text }
}

/** `name=value`, or `name~expression`. */
export function valueMatch(text: string): ValueMatch {
  const at = text.search(/[=~]/)
  const type = text[at] === '~' ? 'regex' : 'exact'
  return { name: text.slice(0, at), type, value: text.slice(at + 1) }
}

export interface EntryText {
  readonly path?: string
  readonly method?: string
  readonly headers?: readonly string[]
  readonly query?: readonly string[]
}

export function match({ path = '/', method = '', headers = [], query = [] }: EntryText): Match {
  return { path: pathMatch(path), method, headers: headers.map(valueMatch), query: query.map(valueMatch) }
}

/** One entry; its rule is named by `id`, or by its path. */
export function entry(text: EntryText | string, id?: string): RouteEntry {
  const whole = typeof text === 'string' ? { path: text } : text
  return { match: match(whole), rule: rule(id ?? whole.path ?? '/') }
}

/** A listener with the entries of each hostname in order of precedence. */
export function listener(
  hostname: string,
  hosts: Readonly<Record<string, readonly RouteEntry[]>>,
  name = `listener ${hostname}`,
): Listener {
  return {
    name,
    origin,
    hostname,
    hosts: Object.entries(hosts).map(([host, entries]) => ({ hostname: host, entries })),
  }
}
