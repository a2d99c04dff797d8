import type { RequestHead } from '../../http/head.ts'
import { coveringHostnames } from '../../snapshot/hostnames.ts'
import type { Host, Listener, Match, RouteEntry, Rule } from '../../snapshot/snapshot.ts'
import { compileClosed, compileConditions, compilePath, type Candidate } from './conditions.ts'
import { HostIndex } from './hosts.ts'
import { makePathTable, type PathTable } from './paths.ts'

/** Made once per entry when the snapshot is compiled, so that finding it costs no allocation. */
export interface RouteHit<R> {
  /** Listener.name */
  readonly listener: string
  /** Host.hostname, under which the entry was found. */
  readonly hostname: string
  readonly entry: RouteEntry
  readonly rule: R
}

/**
 * Routes the requests of one port: the listener with the most specific hostname
 * that takes the request's, and no other (Gateway API listener isolation); of its
 * hosts those that take it, from the most to the least specific; of each the
 * first entry in precedence that matches. Where nothing of a more specific host
 * matches, the less specific ones are asked (Gateway API HTTPRouteSpec.hostnames
 * gives precedence to rules; it does not hide the others).
 */
export class Router<R> {
  private readonly hosts: HostIndex<readonly PathTable<RouteHit<R>>[]>

  constructor(hosts: HostIndex<readonly PathTable<RouteHit<R>>[]>) {
    this.hosts = hosts
  }

  /** Null where no route matches. */
  route(head: RequestHead): RouteHit<R> | null {
    const tables = this.hosts.find(head.hostname)
    if (tables === null) return null
    for (const table of tables) {
      const found = table.first(head)
      if (found !== null) return found.hit
    }
    return null
  }
}

/**
 * `compileRule` is called once for each Rule, however many entries share it; `closeRule` for an entry whose match cannot
 * be compiled, and gives what its requests meet.
 */
export function compileRouter<R>(
  listeners: readonly Listener[],
  compileRule: (rule: Rule) => R,
  closeRule: (rule: Rule, error: unknown) => R = rethrow,
): Router<R> {
  const rules = new Map<Rule, R>()
  const ruleOf = (rule: Rule): R => {
    const known = rules.get(rule)
    if (known !== undefined) return known
    const compiled = compileRule(rule)
    rules.set(rule, compiled)
    return compiled
  }
  const tables = new Map<string, Map<string, PathTable<RouteHit<R>>>>()
  for (const listener of listeners)
    if (!tables.has(listener.hostname))
      tables.set(listener.hostname, compileListener(listener, ruleOf, closeRule))
  return new Router(new HostIndex(tablesByHostname(tables)))
}

function compileListener<R>(
  listener: Listener,
  ruleOf: (rule: Rule) => R,
  closeRule: (rule: Rule, error: unknown) => R,
): Map<string, PathTable<RouteHit<R>>> {
  const compile = (host: Host): Candidate<RouteHit<R>>[] =>
    host.entries.map((entry, order) => {
      const hit = { listener: listener.name, hostname: host.hostname, entry }
      const tests = testsOf(entry.match)
      if (!('error' in tests)) return { order, hit: { ...hit, rule: ruleOf(entry.rule) }, ...tests }
      return {
        order,
        hit: { ...hit, rule: closeRule(entry.rule, tests.error) },
        ...compileClosed(entry.match),
      }
    })
  return new Map(listener.hosts.map(host => [host.hostname, makePathTable(compile(host))]))
}

function testsOf(match: Match): Pick<Candidate<never>, 'path' | 'conditions'> | { readonly error: unknown } {
  try {
    return { path: compilePath(match.path), conditions: compileConditions(match) }
  } catch (error) {
    return { error }
  }
}

function rethrow(_rule: Rule, error: unknown): never {
  throw error
}

/**
 * The tables to ask for every hostname that is written anywhere, in order. One
 * lookup then answers both questions (which listener, which of its hosts): names
 * that take a request's hostname lie within one another, so the most specific of
 * them knows all others that do.
 */
function tablesByHostname<T>(
  listeners: ReadonlyMap<string, ReadonlyMap<string, T>>,
): Map<string, readonly T[]> {
  const written = new Set([...listeners].flatMap(([hostname, hosts]) => [hostname, ...hosts.keys()]))
  const found = new Map<string, readonly T[]>()
  for (const hostname of written) {
    const covering = coveringHostnames(hostname)
    const hosts = covering.map(name => listeners.get(name)).find(listener => listener !== undefined)
    found.set(
      hostname,
      covering.flatMap(name => hosts?.get(name) ?? []),
    )
  }
  return found
}
