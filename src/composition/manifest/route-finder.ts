import { isBefore, PathTemplate } from '../routes/template.ts'
import { HttpTemplate } from '../transcode/rule/path-template.ts'
import { RuleRouter } from '../transcode/rule/rule-router.ts'

/** What is asked of an entry of a manifest. */
export interface Findable {
  readonly kind: string
  /** `*` of one that takes any. */
  readonly method: string
  readonly path: string
  readonly calls: readonly { readonly path: string }[] | null
  readonly transcoded?: TranscodedEntry
}

/** How a method of a backend is reached beside the rule of its entry. */
export interface TranscodedEntry {
  /** Which `r.transcode` of the gateway it is of, from 0: the first that takes a path has it. */
  readonly route: number
  /** Whether clients of Connect or gRPC call it by its name, whatever the rule. */
  readonly byName: boolean
  /** Whether a WebSocket opens it by GET. */
  readonly socket: boolean
}

/**
 * Which route of a manifest takes a request, as the engine finds it: routes of its own come before what is transcoded, and
 * of that the name of a method before any rule. `upgrade`: the request asks for a WebSocket, which is its GET where there
 * is none of the same path. Paths as they were sent; null for none.
 */
export function routeFinder<R extends Findable>(
  routes: readonly R[],
): (method: string, path: string, upgrade?: boolean) => R | null {
  const own = routes
    .filter(({ kind }) => kind !== 'transcoded')
    .map(entry => ({ entry, template: new PathTemplate(entry.path) }))
  const orders = [false, true].map(upgrade =>
    own
      .toSorted((a, b) => rank(a.entry, upgrade) - rank(b.entry, upgrade))
      .toSorted(
        (a, b) => Number(isBefore(b.template, a.template)) - Number(isBefore(a.template, b.template)),
      ),
  )
  const transcoded = routes.filter(({ kind }) => kind === 'transcoded')
  const finders = [...Map.groupBy(transcoded, one => one.transcoded?.route ?? 0).values()].map(
    transcodedFinder,
  )
  return (method, path, upgrade = false) => {
    const usual = method === 'HEAD' ? 'GET' : method
    try {
      for (const { entry, template } of orders[Number(upgrade)]!)
        if ((entry.method === usual || entry.method === '*') && template.match(path) !== null) return entry
      for (const find of finders) {
        const found = find(usual, path, upgrade)
        if (found !== undefined) return found
      }
      return null
    } catch {
      // A broken escape, which no route takes.
      return null
    }
  }
}

/** Of those of one path, which comes first. */
const rank = ({ kind, method }: Findable, upgrade: boolean): number =>
  kind === 'websocket' ? (upgrade ? 0 : 3) : method === '*' ? 2 : 1

/** Of one `r.transcode`: null where it takes the path and not the method, undefined where it does not take the path. */
function transcodedFinder<R extends Findable>(
  entries: readonly R[],
): (method: string, path: string, upgrade: boolean) => R | null | undefined {
  const rules = new RuleRouter(
    entries
      .filter(entry => entry.path !== nameOf(entry))
      .map(entry => ({ entry, httpMethod: entry.method, template: new HttpTemplate(entry.path) })),
  )
  // What has the name as path of its own is it; else the first of the method's rules.
  const byName = new Map<string | undefined, R>()
  for (const entry of entries)
    if (entry.path === nameOf(entry) || (entry.transcoded?.byName !== false && !byName.has(nameOf(entry))))
      byName.set(nameOf(entry), entry)
  const ruleOf = (method: string, path: string): R | readonly string[] | null => {
    const found = rules.find(method, path)
    return found !== null && 'rule' in found ? found.rule.entry : found
  }
  return (method, path, upgrade) => {
    const named = byName.get(path)
    if (named !== undefined) return named
    const found = ruleOf(method, path)
    if (found === null) return undefined
    if (!isList(found)) return found
    if (!upgrade) return null
    for (const other of found) {
      const entry = ruleOf(other, path)
      if (entry !== null && !isList(entry) && entry.transcoded?.socket === true) return entry
    }
    return null
  }
}

const nameOf = ({ calls }: Findable): string | undefined => calls?.[0]?.path

const isList = (found: object): found is readonly string[] => Array.isArray(found)
