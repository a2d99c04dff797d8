import type { RequestHead } from '../../http/head.ts'
import { wholeMatch } from '../../snapshot/regex.ts'
import type { Match, PathMatch, ValueMatch } from '../../snapshot/rule.ts'
import type { VirtualHost, Listener, RouteEntry } from '../../snapshot/snapshot.ts'
import { firstOfEachName, takesPrefix, takesRegex } from './conditions.ts'
import { isSecretParameter } from '../../telemetry/redact.ts'
import { headerValue, queryValue } from '../../http/request-values.ts'

/** What became of one listener, and why. */
interface ExplainedListener {
  readonly listener: Listener
  readonly taken: boolean
  readonly reason: string
}

/** What became of one entry of the listener that was taken, in the order of asking. */
export interface ExplainedEntry {
  readonly listener: string
  readonly hostname: string
  readonly entry: RouteEntry
  /** `hit`: this is where the request goes. `shadowed`: it matches, but another came first. */
  readonly outcome: 'hit' | 'shadowed' | 'missed'
  readonly reason: string
}

export interface RouteExplanation {
  readonly listeners: readonly ExplainedListener[]
  readonly entries: readonly ExplainedEntry[]
  readonly hit: ExplainedEntry | null
}

/**
 * Routes one request the slow and readable way, by looking at every entry, and
 * says why each of them does or does not take it. The router's index is tested
 * against this.
 */
export function explainRoute(listeners: readonly Listener[], head: RequestHead): RouteExplanation {
  const taken = mostSpecific(listeners.filter(({ hostname }) => takesHostname(hostname, head.hostname)))
  const entries = taken === null ? [] : explainListener(taken, head)
  return {
    listeners: listeners.map(listener => explainChoice(listener, taken, head)),
    entries,
    hit: entries.find(({ outcome }) => outcome === 'hit') ?? null,
  }
}

function explainChoice(listener: Listener, taken: Listener | null, head: RequestHead): ExplainedListener {
  const mine = shownHostname(listener.hostname)
  if (listener === taken)
    return {
      listener,
      taken: true,
      reason: `${mine} is the most specific hostname that takes ${shownHost(head)}`,
    }
  if (!takesHostname(listener.hostname, head.hostname))
    return { listener, taken: false, reason: `${mine} does not take ${shownHost(head)}` }
  const other = taken === null ? '' : `: ${taken.name} with ${shownHostname(taken.hostname)} comes first`
  return {
    listener,
    taken: false,
    reason: `${mine} takes ${shownHost(head)}, but only one listener may have it${other}`,
  }
}

function explainListener(listener: Listener, head: RequestHead): ExplainedEntry[] {
  const hosts = [...listener.hosts].sort((a, b) => bySpecificity(a.hostname, b.hostname))
  let winner: RouteEntry | null = null
  const explained: ExplainedEntry[] = []
  for (const host of hosts)
    for (const entry of host.entries) {
      const why = whyNot(host, entry.match, head)
      const about = { listener: listener.name, hostname: host.hostname, entry }
      if (why !== null) explained.push({ ...about, outcome: 'missed', reason: why })
      else if (winner !== null)
        explained.push({
          ...about,
          outcome: 'shadowed',
          reason: `matches, but ${winner.rule.id} comes first`,
        })
      else {
        winner = entry
        explained.push({ ...about, outcome: 'hit', reason: 'matches' })
      }
    }
  return explained
}

/** The first thing that keeps the request from matching, or null. */
function whyNot(host: VirtualHost, match: Match, head: RequestHead): string | null {
  if (!takesHostname(host.hostname, head.hostname))
    return `hostname ${shownHostname(host.hostname)} does not take ${shownHost(head)}`
  if (!takesPath(match.path, head.path)) return `path ${shownPath(match.path)} does not take ${head.path}`
  if (match.method !== '' && match.method !== head.method)
    return `method is ${head.method}, not ${match.method}`
  for (const header of firstOfEachName(match.headers)) {
    const why = whyNotValue('header', header, headerValue(head, header.name))
    if (why !== null) return why
  }
  for (const parameter of firstOfEachName(match.query)) {
    const why = whyNotValue('query parameter', parameter, queryValue(head.query, parameter.name))
    if (why !== null) return why
  }
  return null
}

function whyNotValue(what: string, match: ValueMatch, actual: string | undefined): string | null {
  const { name, type, value } = match
  if (actual === undefined) return `${what} ${name} is missing`
  if (takesValue(match, actual)) return null
  // Explanations are shown, and sent on, to people who need not know it.
  if (isSecretParameter(name)) return `${what} ${name} has another value`
  const shown = JSON.stringify(actual)
  return type === 'exact'
    ? `${what} ${name} is ${shown}, not ${JSON.stringify(value)}`
    : `${what} ${name} is ${shown}, which ${value} does not match`
}

function takesValue({ type, value }: ValueMatch, actual: string): boolean {
  return type === 'exact' ? actual === value : takesRegex(wholeMatch(value), actual)
}

function takesPath({ type, value }: PathMatch, path: string): boolean {
  switch (type) {
    case 'exact':
      return path === value
    case 'prefix':
      return takesPrefix(value, path)
    case 'regex':
      return takesRegex(wholeMatch(value), path)
  }
}

function takesHostname(pattern: string, hostname: string): boolean {
  if (pattern === '') return true
  if (!pattern.startsWith('*.')) return pattern === hostname
  const suffix = pattern.slice(1)
  return hostname.length > suffix.length && hostname.endsWith(suffix)
}

/** Exact hostnames before wildcards, longer before shorter, any last. */
function bySpecificity(a: string, b: string): number {
  return kindOf(a) - kindOf(b) || b.length - a.length
}

function kindOf(hostname: string): number {
  if (hostname === '') return 2
  return hostname.startsWith('*') ? 1 : 0
}

function mostSpecific(listeners: readonly Listener[]): Listener | null {
  return [...listeners].sort((a, b) => bySpecificity(a.hostname, b.hostname))[0] ?? null
}

function shownHostname(hostname: string): string {
  return hostname === '' ? 'any hostname' : hostname
}

function shownHost({ hostname }: RequestHead): string {
  return hostname === '' ? 'a request without Host' : hostname
}

function shownPath({ type, value }: PathMatch): string {
  if (type === 'prefix') return `prefix ${value === '' ? '/' : value}`
  return type === 'exact' ? `exactly ${value}` : `expression ${value}`
}
