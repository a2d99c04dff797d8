import type { RequestHead } from '../../http/head.ts'
import { atOnce, type Steps } from '../steps.ts'
import type { Rule } from '../../snapshot/rule.ts'
import type { Listener } from '../../snapshot/snapshot.ts'
import { coveringHostnames } from '../../snapshot/hostnames.ts'
import { HostIndex } from './hosts.ts'
import { HostTable, type RouteHit, type RuleSource } from './host-table.ts'
import type { PathTable } from './paths.ts'
import { TakenRules } from './taken-rules.ts'

/** The tables of listeners by their hostname, and the hostnames of their hosts. */
type Tables<R> = ReadonlyMap<string, ReadonlyMap<string, HostTable<R>>>

/**
 * Routes the requests of one port: the listener with the most specific hostname
 * that takes the request's, and no other (Gateway API listener isolation); of its
 * hosts those that take it, from the most to the least specific; of each the
 * first entry in precedence that matches. Where nothing of a more specific host
 * matches, the less specific ones are asked (Gateway API HTTPRouteSpec.hostnames
 * gives precedence to rules; it does not hide the others).
 */
export class Router<R> {
  readonly tables: Tables<R>
  private readonly names: HostNames
  private readonly paths: readonly PathTable<RouteHit<R>>[]

  constructor(tables: Tables<R>, names: HostNames) {
    this.tables = tables
    this.names = names
    this.paths = [...tables.values()].flatMap(hosts => [...hosts.values()].map(({ paths }) => paths))
  }

  /** Null where no route matches. */
  route(head: RequestHead): RouteHit<R> | null {
    const numbers = this.names.index.find(head.hostname)
    if (numbers === null) return null
    for (let i = 0; i < numbers.length; i++) {
      const found = this.paths[numbers[i]!]!.first(head)
      if (found !== null) return found.hit
    }
    return null
  }

  /** Those of before where nothing but what is at the hostnames differs, for making them costs more than all the rest. */
  namesFor(tables: Tables<R>): HostNames {
    return sameNames(this.tables, tables) ? this.names : new HostNames(tables)
  }

  /** Gives its rules back. */
  release(rules: RuleSource<R>): void {
    for (const hosts of this.tables.values()) for (const table of hosts.values()) table.release(rules)
  }
}

/** `compileRule` is called once for each Rule; `closeRule` for an entry whose match cannot be compiled. */
export function compileRouter<R>(
  listeners: readonly Listener[],
  compileRule: (rule: Rule) => R,
  closeRule: (rule: Rule, error: unknown) => R = rethrow,
): Router<R> {
  const known = new Map<Rule, R>()
  const take = (rule: Rule): R => {
    if (!known.has(rule)) known.set(rule, compileRule(rule))
    return known.get(rule)!
  }
  return atOnce(routerSteps(listeners, { take, closed: closeRule, give: () => {} }, null))
}

/**
 * A router in steps, between which others have their turn. What listeners and hosts have in common with those that
 * `before` was made of stays as it is. The rules of `before` are given back when it is done; where it throws, all that
 * was taken is.
 */
export function* routerSteps<R>(
  listeners: readonly Listener[],
  source: RuleSource<R>,
  before: Router<R> | null,
): Steps<Router<R>> {
  const rules = new TakenRules(source)
  const tables = new Map<string, ReadonlyMap<string, HostTable<R>>>()
  const used = new Set<HostTable<R>>()
  try {
    for (const { name, hostname, hosts } of listeners) {
      if (tables.has(hostname)) continue
      const known = before?.tables.get(hostname)
      const own = new Map<string, HostTable<R>>()
      for (const host of hosts) {
        const { hostname: of } = host
        own.set(of, yield* HostTable.steps(name, host, rules, known?.get(of), used))
      }
      tables.set(hostname, own)
    }
  } catch (error) {
    rules.undo()
    throw error
  }
  const router = new Router(tables, before?.namesFor(tables) ?? new HostNames(tables))
  for (const hosts of before?.tables.values() ?? [])
    for (const table of hosts.values()) if (!used.has(table)) table.release(rules)
  rules.done()
  return router
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
class HostNames {
  /** Of tables, in the order of listeners and hosts. */
  readonly index: HostIndex<readonly number[]>

  constructor(tables: Tables<unknown>) {
    const numbers = new Map<string, Map<string, number>>()
    let next = 0
    for (const [hostname, hosts] of tables)
      numbers.set(hostname, new Map([...hosts.keys()].map(name => [name, next++])))
    this.index = new HostIndex(byHostname(numbers))
  }
}

function byHostname(
  listeners: ReadonlyMap<string, ReadonlyMap<string, number>>,
): Map<string, readonly number[]> {
  const written = new Set([...listeners].flatMap(([hostname, hosts]) => [hostname, ...hosts.keys()]))
  const found = new Map<string, readonly number[]>()
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

/** Whether the same hostnames stand in the same places. */
function sameNames(a: Tables<unknown>, b: Tables<unknown>): boolean {
  return sameKeys(a, b, (hosts, others) => sameKeys(hosts, others, () => true))
}

function sameKeys<V>(
  a: ReadonlyMap<string, V>,
  b: ReadonlyMap<string, V>,
  and: (a: V, b: V) => boolean,
): boolean {
  if (a.size !== b.size) return false
  const others = b.entries()
  for (const [key, value] of a) {
    const [other, otherValue] = others.next().value!
    if (key !== other || !and(value, otherValue)) return false
  }
  return true
}
