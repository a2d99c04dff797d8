import type { Manifest, RouteEntry } from '../../../composition/manifest/manifest.ts'
import { routeFinder } from '../../../composition/manifest/route-finder.ts'
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

  constructor({ metadata, body }: Composition, manifest: Manifest | null, lodges: boolean) {
    const { bundle = 'spec.aggregate', threads = 1 } = body.spec
    this.composition = `${metadata.namespace}/${metadata.name}`
    this.code = bundle
    this.threads = lodges ? 0 : threads
    this.isKnown = manifest !== null
    this.backends = (manifest?.backends ?? []).map(({ name, protocol, url, timeoutMs }) => ({
      name,
      protocol,
      url,
      timeoutMs,
    }))
    this.routes = manifest?.routes ?? []
  }

  find(method: string, path: string, upgrade: boolean): RouteEntry | null {
    this.#find ??= routeFinder(this.routes)
    return this.#find(method, path, upgrade)
  }
}
