import type { InForce } from '../../control/controller.ts'
import { authorityText } from '../../http/authority-text.ts'
import { formatPosition } from '../../model/problem.ts'
import type { Problem } from '../../model/resource.ts'
import { shortName } from '../../model/resources.ts'
import { declaredBy } from '../../snapshot/declared.ts'
import type { Cluster } from '../../snapshot/snapshot.ts'
import type { Certificate } from '../shapes/certificate.ts'
import type * as shapes from '../shapes/cluster.ts'
import type { ToldFinding } from './findings.ts'
import { endpointViews, isUnwell, namesIn, type Health } from './health.ts'

/** So many endpoints of a cluster are named. */
const SHOWN = 3

/** What is wrong with what runs, and is nowhere declared: endpoints that cannot be reached, workers that do not answer. */
export function runningFindings(
  { snapshot: { clusters, endpoints } }: Pick<InForce, 'snapshot'>,
  health: Health,
): readonly ToldFinding[] {
  const unwell = namesIn(health)
  const found = clusters
    .filter(({ name }) => unwell.has(name))
    .flatMap(cluster =>
      clusterFinding(cluster, endpointViews(cluster.name, endpoints[cluster.name] ?? [], health)),
    )
  return health.silent === 0 ? found : [...found, silence(health)]
}

/** A certificate that is still good is nothing that `check` tells; who looks after a gateway wants to know in time. */
export function expiryFindings(expiring: readonly Certificate[]): readonly ToldFinding[] {
  return expiring.map(({ object, source, names, notAfter, expiresInS, authority }) => {
    const what = authority ? 'the certificate of an authority' : 'the certificate'
    const whom = names.length === 0 ? '' : ` for ${names.join(', ')}`
    const message = `${what}${whom} expires in ${spanText(expiresInS ?? 0)} (${notAfter ?? ''})`
    const place = source === null ? '' : `${formatPosition(source)} `
    return {
      ...running('warning', 'CertificateExpiring'),
      position: source,
      resource: object,
      message,
      line: `${place}${shortName(object)}: ${message}`,
    }
  })
}

function spanText(seconds: number): string {
  const hours = Math.floor(seconds / 3600)
  const [count, unit] = hours >= 48 ? [Math.floor(hours / 24), 'day'] : [hours, 'hour']
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}

const reasons = {
  unhealthy: 'EndpointUnhealthy',
  ejected: 'EndpointEjected',
  failing: 'EndpointFailing',
  unresolved: 'NameNotResolved',
  resolving: 'NameNotResolved',
} as const

function clusterFinding(cluster: Cluster, endpoints: readonly shapes.Endpoint[]): readonly ToldFinding[] {
  const bad = endpoints.filter(isUnwell)
  const standing = endpoints.filter(({ state }) => state !== 'unready')
  const [first] = bad
  if (first === undefined) return []
  const { about, position } = declaredBy(cluster.origin)
  const none = bad.length === standing.length
  const named = bad.slice(0, SHOWN).map(endpointText).join('; ')
  const more = bad.length > SHOWN ? `; and ${bad.length - SHOWN} more` : ''
  const whole = none ? `no endpoint of ${cluster.name} can be reached: ` : `of ${cluster.name} `
  const message = `${whole}${named}${more}`
  const place = position === null ? '' : `${formatPosition(position)} `
  return [
    {
      ...running(none ? 'error' : 'warning', reasonOf(first.state)),
      position,
      resource: about,
      message,
      line: `${place}${shortName(about)}: ${message}`,
    },
  ]
}

function reasonOf(state: shapes.Endpoint['state']): string {
  return state === 'serving' || state === 'unknown' || state === 'unready' ? '' : reasons[state]
}

function endpointText({ address, port, state, reason, until, says }: shapes.Endpoint): string {
  const words = says.of > 1 ? ` (${says.workers} of ${says.of} workers say so)` : ''
  const why = reason === null ? '' : `, ${reason}`
  return `${authorityText(address, port)} is ${state}${until === null ? '' : ` until ${until}`}${why}${words}`
}

function silence({ silent, answers }: Health): ToldFinding {
  const message = `${silent} of ${silent + answers.length} workers did not say how endpoints are`
  return { ...running('warning', 'WorkerSilent'), position: null, resource: null, message, line: message }
}

function running(severity: Problem['severity'], reason: string) {
  return { severity, reason, path: [], running: true, since: null } as const
}
