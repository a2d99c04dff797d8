import type { Fault } from '../../../composition/aggregate/faults.ts'
import { bundlePlaces } from '../../../model/kinds/bundle.ts'
import { Composition } from '../../../model/kinds/composition.ts'
import { Filter } from '../../../model/kinds/filter.ts'
import { nearest } from '../../../model/nearest.ts'
import type { Resources } from '../../../model/resources.ts'
import type { Cluster, Endpoint } from '../../../snapshot/cluster.ts'
import type { FilterPart, FilterShape } from '../../../shared/crossing/filtering.ts'
import type { Contribution } from '../../../snapshot/contribution.ts'
import { clusterSettings } from '../../../translation/cluster-settings.ts'
import { COMPOSED, type ComposedApi } from '../../../translation/composed.ts'
import { bundleKey, threadsCluster } from '../../../translation/compositions.ts'
import { originFor } from '../../../translation/origin.ts'
import { Report } from '../../../translation/report.ts'
import type { TranslateOptions } from '../../../translation/role.ts'
import { ManifestApi } from './composed-api.ts'
import type { Bundled } from '../bundles/source.ts'
import { bundleFactsOf, type BundleFact } from '../facts.ts'

/** Each composition, and each filter, is a cluster whose endpoints are its threads; where its backends are, the role of routes says. */
export function translate(resources: Resources, { facts }: TranslateOptions): Contribution {
  const report = new Report()
  const known = bundleFactsOf(facts)
  const clusters: Cluster[] = []
  const endpoints: Record<string, readonly Endpoint[]> = {}
  const composed: Record<string, ComposedApi> = {}
  for (const bundled of [...resources.all(Composition), ...resources.all(Filter)]) {
    const fact = known?.get(bundleKey(bundled)) ?? null
    const name = threadsCluster(bundled, fact?.filter)
    clusters.push({
      name,
      origin: originFor('composition', bundled, []),
      protocol: 'bundle',
      ...clusterSettings,
      ...bundlePlaces(bundled.body.spec.limits),
      // A thread that ends is no endpoint any more, and what one answers is the bundle's own.
      ejection: null,
      ...(bundled.kind === Filter.kind && VERDICTS),
    })
    endpoints[name] = (fact?.threads ?? []).map(id => ({ address: `thread:${id}`, port: 1, weight: 1 }))
    if (fact !== null && bundled.kind === Composition.kind)
      composed[name] = new ManifestApi(bundled as Composition, fact.manifest, fact.lodges)
    tell(bundled, fact, report)
  }
  const { conditions, problems } = report
  const wants = Object.keys(composed).length === 0 ? {} : { [COMPOSED]: composed }
  return { clusters, endpoints, wants, conditions, problems }
}

/** What a filter says of a head crosses as one field, which may have all fields of that head in it. */
const VERDICTS = { fieldBytes: 1024 * 1024, headBytes: 1024 * 1024 + 1024 } as const

function tell(bundled: Bundled, fact: BundleFact | null, report: Report): void {
  const { spec } = bundled.body
  const isFilter = bundled.kind === Filter.kind
  const isAggregate = 'aggregate' in spec && spec.aggregate !== undefined
  const path = ['spec', isAggregate ? 'aggregate' : 'bundle']
  // It is being loaded, and then there is something to say.
  if (fact === null) return
  const { manifest, fault, places, threads, trouble } = fact
  if (fault === null)
    report.good(
      bundled,
      'Accepted',
      'Accepted',
      isFilter
        ? `its bundle has ${shapeText(manifest?.filter)}`
        : `its ${isAggregate ? 'aggregate' : 'bundle'} has ${routesText(manifest?.routes.length ?? 0)}`,
    )
  else {
    const before = manifest === null ? '' : '; what it was before serves on'
    const flawAt = (one: { readonly path: Fault['path']; readonly message: string }) => ({
      reason: isAggregate
        ? 'AggregateInvalid'
        : isFilter && places.length > 0
          ? 'ConfigInvalid'
          : 'BundleInvalid',
      path: isFilter && places.length > 0 ? ['spec', ...one.path] : [...path, ...one.path],
      message: `${one.message}${before}`,
    })
    const [first = { path: [], message: fault }, ...others] = places
    report.bad(bundled, 'Accepted', [flawAt(first), ...others.map(flawAt)])
  }
  doubtBackends(bundled, fact, report)
  if (threads === null || manifest === null) return
  if (trouble !== null)
    report.bad(bundled, 'Programmed', [
      { reason: threads.length === 0 ? 'NoThread' : 'ThreadEnded', path, message: trouble },
    ])
  else if (threads.length > 0)
    report.good(bundled, 'Programmed', 'Programmed', `${threads.length} of its threads serve`)
}

/** `request (held) and response` */
function shapeText(shape: FilterShape | undefined): string {
  const parts = Object.entries(shape ?? {}).flatMap(([name, part]: [string, FilterPart | null]) =>
    part === null ? [] : [part.body === 'none' ? name : `${name} (body ${part.body})`],
  )
  return parts.join(' and ')
}

function routesText(count: number): string {
  return count === 1 ? '1 route' : `${count} routes`
}

/** What is said of a backend that the bundle does not have is for nothing, and likely for another one. */
function doubtBackends(bundled: Bundled, { manifest, backends }: BundleFact, report: Report): void {
  if (manifest === null) return
  const names = backends.map(({ name }) => name)
  for (const name of Object.keys(bundled.body.spec.backends ?? {})) {
    if (names.includes(name)) continue
    const meant = nearest(name, names)
    const expected =
      meant === undefined
        ? `expected ${names.join(' or ') || 'none'}`
        : `did you mean ${JSON.stringify(meant)}?`
    report.doubt(bundled, {
      severity: 'error',
      reason: 'UnknownBackend',
      path: ['spec', 'backends', name],
      message: `the bundle has no backend ${name}, ${expected}`,
    })
  }
}
