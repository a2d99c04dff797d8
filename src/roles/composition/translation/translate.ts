import type { Fault } from '../../../composition/aggregate/faults.ts'
import { Composition, compositionPlaces } from '../../../model/kinds/composition.ts'
import { nearest } from '../../../model/nearest.ts'
import type { Resources } from '../../../model/resources.ts'
import type { Cluster, Endpoint } from '../../../snapshot/cluster.ts'
import type { Contribution } from '../../../snapshot/contribution.ts'
import { clusterSettings } from '../../../translation/cluster-settings.ts'
import { COMPOSED, type ComposedApi } from '../../../translation/composed.ts'
import { compositionCluster } from '../../../translation/compositions.ts'
import { originFor } from '../../../translation/origin.ts'
import { Report } from '../../../translation/report.ts'
import type { TranslateOptions } from '../../../translation/role.ts'
import { ManifestApi } from './composed-api.ts'
import { bundleFactsOf, type BundleFact } from '../facts.ts'

/** Each composition is a cluster whose endpoints are its threads; where its backends are, the role of routes says. */
export function translate(resources: Resources, { facts }: TranslateOptions): Contribution {
  const report = new Report()
  const known = bundleFactsOf(facts)
  const clusters: Cluster[] = []
  const endpoints: Record<string, readonly Endpoint[]> = {}
  const composed: Record<string, ComposedApi> = {}
  for (const composition of resources.all(Composition)) {
    const { namespace, name } = composition.metadata
    const fact = known?.get(`${namespace}/${name}`) ?? null
    const cluster = compositionCluster(composition.metadata)
    clusters.push({
      name: cluster,
      origin: originFor('composition', composition, []),
      protocol: 'bundle',
      ...clusterSettings,
      ...compositionPlaces(composition.body),
      // A thread that ends is no endpoint any more, and what one answers is the composition's own.
      ejection: null,
    })
    endpoints[cluster] = (fact?.threads ?? []).map(id => ({ address: `thread:${id}`, port: 1, weight: 1 }))
    if (fact !== null) composed[cluster] = new ManifestApi(composition, fact.manifest)
    tell(composition, fact, report)
  }
  const { conditions, problems } = report
  const wants = Object.keys(composed).length === 0 ? {} : { [COMPOSED]: composed }
  return { clusters, endpoints, wants, conditions, problems }
}

function tell(composition: Composition, fact: BundleFact | null, report: Report): void {
  const { aggregate } = composition.body.spec
  const path = ['spec', aggregate === undefined ? 'bundle' : 'aggregate']
  // It is being loaded, and then there is something to say.
  if (fact === null) return
  const { manifest, fault, places, threads, trouble } = fact
  if (fault === null)
    report.good(
      composition,
      'Accepted',
      'Accepted',
      `its ${aggregate === undefined ? 'bundle' : 'aggregate'} has ${routesText(manifest?.routes.length ?? 0)}`,
    )
  else {
    const before = manifest === null ? '' : '; what it was before serves on'
    const flawAt = (one: { readonly path: Fault['path']; readonly message: string }) => ({
      reason: aggregate === undefined ? 'BundleInvalid' : 'AggregateInvalid',
      path: [...path, ...one.path],
      message: `${one.message}${before}`,
    })
    const [first = { path: [], message: fault }, ...others] = places
    report.bad(composition, 'Accepted', [flawAt(first), ...others.map(flawAt)])
  }
  doubtBackends(composition, fact, report)
  if (threads === null || manifest === null) return
  if (trouble !== null)
    report.bad(composition, 'Programmed', [
      { reason: threads.length === 0 ? 'NoThread' : 'ThreadEnded', path, message: trouble },
    ])
  else if (threads.length > 0)
    report.good(composition, 'Programmed', 'Programmed', `${threads.length} of its threads serve`)
}

function routesText(count: number): string {
  return count === 1 ? '1 route' : `${count} routes`
}

/** What is said of a backend that the bundle does not have is for nothing, and likely for another one. */
function doubtBackends(composition: Composition, { manifest, backends }: BundleFact, report: Report): void {
  if (manifest === null) return
  const names = backends.map(({ name }) => name)
  for (const name of Object.keys(composition.body.spec.backends ?? {})) {
    if (names.includes(name)) continue
    const meant = nearest(name, names)
    const expected =
      meant === null ? `expected ${names.join(' or ') || 'none'}` : `did you mean ${JSON.stringify(meant)}?`
    report.doubt(composition, {
      severity: 'error',
      reason: 'UnknownBackend',
      path: ['spec', 'backends', name],
      message: `the bundle has no backend ${name}, ${expected}`,
    })
  }
}
