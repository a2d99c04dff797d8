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
}

/**
 * Which route of a manifest takes a request, as the engine finds it: routes of its own come before what is transcoded.
 * A WebSocket is its GET where there is one of the same path. Paths as they were sent; null for none.
 */
export function routeFinder<R extends Findable>(
  routes: readonly R[],
): (method: string, path: string) => R | null {
  const own = routes
    .filter(({ kind }) => kind !== 'transcoded')
    .map(entry => ({ entry, template: new PathTemplate(entry.path) }))
    .toSorted((a, b) => Number(a.entry.kind === 'websocket') - Number(b.entry.kind === 'websocket'))
    .toSorted((a, b) => Number(isBefore(b.template, a.template)) - Number(isBefore(a.template, b.template)))
  const transcoded = routes.filter(({ kind }) => kind === 'transcoded')
  const rules = new RuleRouter(
    transcoded.map(entry => ({ entry, httpMethod: entry.method, template: new HttpTemplate(entry.path) })),
  )
  // Connect and gRPC have no rules: they call a method by its name.
  const byName = new Map(transcoded.map(entry => [entry.calls?.[0]?.path, entry] as const).reverse())
  return (method, path) => {
    const usual = method === 'HEAD' ? 'GET' : method
    try {
      for (const { entry, template } of own)
        if ((entry.method === usual || entry.method === '*') && template.match(path) !== null) return entry
      const found = rules.find(usual, path)
      if (found !== null && 'rule' in found) return found.rule.entry
      return byName.get(path) ?? null
    } catch {
      // A broken escape, which no route takes.
      return null
    }
  }
}
