import type { InForce } from '../../control/controller.ts'
import { formatPosition } from '../../model/problem.ts'
import type { Problem } from '../../model/resource.ts'
import { shortName } from '../../model/resources.ts'
import { declaredBy } from '../../snapshot/declared.ts'
import type { Cluster } from '../../snapshot/cluster.ts'
import type { Certificate } from '../shapes/certificate.ts'
import type * as shapes from '../shapes/cluster.ts'
import type { ToldFinding } from './findings.ts'
import { isUnwell, namesIn, nowOf, type Health } from './health.ts'
import { breakerText, endpointText } from './now-text.ts'

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
    .flatMap(cluster => clusterFindings(cluster, nowOf(cluster.name, endpoints[cluster.name] ?? [], health)))
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

function clusterFindings(cluster: Cluster, now: shapes.ClusterNow): readonly ToldFinding[] {
  const { breaker } = now
  const kept =
    breaker === null || breaker.state === 'closed'
      ? []
      : [
          finding(
            cluster,
            'error',
            'BreakerOpen',
            `requests to ${cluster.name} are answered 503: ${breakerText(breaker)}`,
          ),
        ]
  return [...kept, ...endpointFindings(cluster, now)]
}

function endpointFindings(
  cluster: Cluster,
  { endpoints, panics }: shapes.ClusterNow,
): readonly ToldFinding[] {
  const bad = endpoints.filter(isUnwell)
  const standing = endpoints.filter(({ state }) => state !== 'unready')
  const [first] = bad
  if (first === undefined) return []
  const none = bad.length === standing.length
  const named = bad.slice(0, SHOWN).map(endpointText).join('; ')
  const more = bad.length > SHOWN ? `; and ${bad.length - SHOWN} more` : ''
  const whole = none ? `no endpoint of ${cluster.name} can be reached: ` : `of ${cluster.name} `
  const all = panics ? '; so few are well that all are used' : ''
  const message = `${whole}${named}${more}${all}`
  return [finding(cluster, none ? 'error' : 'warning', reasonOf(first.state), message)]
}

function finding(
  cluster: Cluster,
  severity: Problem['severity'],
  reason: string,
  message: string,
): ToldFinding {
  const { about, position } = declaredBy(cluster.origin)
  const place = position === null ? '' : `${formatPosition(position)} `
  return {
    ...running(severity, reason),
    position,
    resource: about,
    message,
    line: `${place}${shortName(about)}: ${message}`,
  }
}

function reasonOf(state: shapes.Endpoint['state']): string {
  return state === 'serving' || state === 'unknown' || state === 'unready' ? '' : reasons[state]
}

function silence({ silent, answers }: Health): ToldFinding {
  const message = `${silent} of ${silent + answers.length} workers did not say how endpoints are`
  return { ...running('warning', 'WorkerSilent'), position: null, resource: null, message, line: message }
}

function running(severity: Problem['severity'], reason: string) {
  return { severity, reason, path: [], running: true, since: null } as const
}
