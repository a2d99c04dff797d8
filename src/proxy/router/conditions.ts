import type { RequestHead } from '../../http/head.ts'
import { wholeMatch } from '../../snapshot/regex.ts'
import type { Match, PathMatch, ValueMatch } from '../../snapshot/rule.ts'
import { headerValue, queryValue } from '../../http/request-values.ts'

const slash = 47
/** Longer input is not given to a regular expression. The codec's limits are the same by default, but configurable. */
const regexInputLength = 16_384

/** A compiled RouteEntry; `order` is its precedence among those of its hostname, 0 first. */
export interface RouteCandidate<H> {
  readonly order: number
  readonly hit: H
  readonly path: PathTest
  readonly conditions: Conditions
}

/** All that a match asks for beside the path. */
export interface Conditions {
  /** "" for any. */
  readonly method: string
  readonly headers: readonly ValueTest[] | null
  readonly query: readonly ValueTest[] | null
}

export interface PathTest {
  readonly type: PathMatch['type']
  readonly value: string
  readonly regex: RegExp | null
}

export interface ValueTest {
  readonly name: string
  readonly value: string
  readonly regex: RegExp | null
}

export function compilePath({ type, value }: PathMatch): PathTest {
  return { type, value, regex: type === 'regex' ? wholeMatch(value) : null }
}

/**
 * Tests of a match of which an expression is impossible: they take whatever may have been meant, so that no such request
 * falls to another rule. Of a path that is what begins like it, up to where the expression is more than letters.
 */
export function compileClosedMatch({
  path,
  method,
  headers,
  query,
}: Match): Pick<RouteCandidate<never>, 'path' | 'conditions'> {
  const possible = (matches: readonly ValueMatch[]): readonly ValueMatch[] =>
    matches.filter(({ type, value }) => type !== 'regex' || isPossible(value))
  const closed = path.type === 'regex' && !isPossible(path.value)
  return {
    path: closed ? { ...path, regex: beginningOf(path.value) } : compilePath(path),
    conditions: compileConditions({ path, method, headers: possible(headers), query: possible(query) }),
  }
}

function isPossible(pattern: string): boolean {
  try {
    wholeMatch(pattern)
    return true
  } catch {
    return false
  }
}

function beginningOf(pattern: string): RegExp {
  const [letters = ''] = pattern.includes('|') ? [] : (/^[\w/~%-]*(?![*+?{])/.exec(pattern) ?? [])
  return new RegExp(`^${letters}`)
}

export function compileConditions({ method, headers, query }: Match): Conditions {
  return { method, headers: compileValues(headers), query: compileValues(query) }
}

/** Gateway API: of several entries with an equivalent name, only the first counts. */
export function firstOfEachName(matches: readonly ValueMatch[]): readonly ValueMatch[] {
  return matches.filter(({ name }, i) => matches.findIndex(other => other.name === name) === i)
}

function compileValues(matches: readonly ValueMatch[]): readonly ValueTest[] | null {
  if (matches.length === 0) return null
  return firstOfEachName(matches).map(({ name, type, value }) => {
    return { name, value, regex: type === 'regex' ? wholeMatch(value) : null }
  })
}

export function takesPath({ type, value, regex }: PathTest, path: string): boolean {
  if (type === 'exact') return path === value
  if (type === 'prefix') return takesPrefix(value, path)
  return regex !== null && takesRegex(regex, path)
}

/** Whole segments: /foo takes /foo/bar, never /foobar. The empty prefix takes everything, also the "*" of OPTIONS. */
export function takesPrefix(prefix: string, path: string): boolean {
  if (!path.startsWith(prefix)) return false
  return prefix === '' || path.length === prefix.length || path.charCodeAt(prefix.length) === slash
}

export function takesRegex(regex: RegExp, value: string): boolean {
  return value.length <= regexInputLength && regex.test(value)
}

export function holds({ method, headers, query }: Conditions, head: RequestHead): boolean {
  if (method !== '' && method !== head.method) return false
  if (headers !== null)
    for (const test of headers) if (!takesValue(test, headerValue(head, test.name))) return false
  if (query !== null)
    for (const test of query) if (!takesValue(test, queryValue(head.query, test.name))) return false
  return true
}

function takesValue({ value, regex }: ValueTest, actual: string | undefined): boolean {
  if (actual === undefined) return false
  return regex === null ? actual === value : takesRegex(regex, actual)
}
