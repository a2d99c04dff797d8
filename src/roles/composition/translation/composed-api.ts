import type { Manifest, RouteEntry } from '../../../composition/manifest/manifest.ts'
import { isBefore, PathTemplate } from '../../../composition/routes/template.ts'
import { HttpTemplate } from '../../../composition/transcode/rule/path-template.ts'
import { RuleRouter } from '../../../composition/transcode/rule/rule-router.ts'
import type { Composition } from '../../../model/kinds/composition.ts'
import type { ComposedApi } from '../../../translation/composed.ts'

/** What a manifest says of a composition, for who explains. */
export class ManifestApi implements ComposedApi {
  readonly composition: string
  readonly code: string
  readonly threads: number
  readonly isKnown: boolean
  readonly backends: ComposedApi['backends']
  readonly routes: readonly RouteEntry[]
  /** Nobody asks of most of them. What is hidden stays out of comparisons, too. */
  #find: ManifestApi['find'] | null = null

  constructor({ metadata, body }: Composition, manifest: Manifest | null) {
    const { bundle = 'spec.aggregate', threads = 1 } = body.spec
    this.composition = `${metadata.namespace}/${metadata.name}`
    this.code = bundle
    this.threads = threads
    this.isKnown = manifest !== null
    this.backends = (manifest?.backends ?? []).map(({ name, protocol, url, timeoutMs }) => ({
      name,
      protocol,
      url,
      timeoutMs,
    }))
    this.routes = manifest?.routes ?? []
  }

  find(method: string, path: string): RouteEntry | null {
    this.#find ??= finding(this.routes)
    return this.#find(method, path)
  }
}

/** As the engine finds it: routes of its own before what is transcoded. */
function finding(routes: readonly RouteEntry[]): ManifestApi['find'] {
  const own = routes
    .filter(({ kind }) => kind !== 'transcoded')
    .map(entry => ({ entry, template: new PathTemplate(entry.path) }))
    .toSorted((a, b) => Number(isBefore(b.template, a.template)) - Number(isBefore(a.template, b.template)))
  const transcoded = routes.filter(({ kind }) => kind === 'transcoded')
  const rules = new RuleRouter(
    transcoded.map(entry => ({ entry, httpMethod: entry.method, template: new HttpTemplate(entry.path) })),
  )
  return (method, path) => {
    const usual = method === 'HEAD' ? 'GET' : method
    try {
      for (const { entry, template } of own)
        if ((entry.method === usual || entry.method === '*') && template.match(path) !== null) return entry
      const found = rules.find(usual, path)
      if (found !== null && 'rule' in found) return found.rule.entry
      // Connect and gRPC have no rules: they call a method by its name.
      return transcoded.find(({ calls }) => calls?.[0]?.path === path) ?? null
    } catch {
      // A broken escape, which no route takes.
      return null
    }
  }
}
