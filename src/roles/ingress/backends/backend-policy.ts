import { elder } from '../../../translation/elder.ts'
import { Backend } from '../../../model/kinds/backend.ts'
import { Service } from '../../../model/kinds/service.ts'
import { described } from '../../../model/kinds/shapes.ts'
import { durationMs, formatDuration, quantityBytes } from '../../../model/quantity.ts'
import type { Resource } from '../../../model/resource.ts'
import { keyOf, type Resources } from '../../../model/resources.ts'
import { unservedIn } from '../../../model/unserved.ts'
import type { Balancing, Cluster } from '../../../snapshot/cluster.ts'
import type { Report } from '../../../translation/report.ts'
import { clusterSettings, type ClusterSettings } from '../../../translation/cluster-settings.ts'
import { suitesOf, tlsBounds, tlsVersion, type TlsBounds } from '../defaults.ts'
import { BackendPolicy } from '../kinds/backend-policy.ts'
import { isSticky, type LoadBalancing } from '../kinds/load-balancing.ts'
import { adaptiveConcurrencyOf } from '../kinds/adaptive-concurrency.ts'
import { breakerOf } from '../kinds/breaker.ts'
import { hedgingOf } from '../kinds/hedging.ts'
import { clusterRetryOf, type RetryFields } from '../kinds/retry.ts'
import { clusterTimeoutsOf } from '../kinds/timeouts.ts'
import { retryBudgetOf } from '../kinds/retry-budget.ts'
import { distributionOf, zonePreferenceOf } from '../kinds/zones-and-subsets.ts'
import { missing } from '../../../translation/missing.ts'
import {
  accept,
  attachmentsOf,
  given,
  reject,
  type PolicyAttachment,
  type Patch,
} from '../../../translation/policies.ts'
import type { ClusterTarget } from '../../../translation/targets.ts'
import { originOf } from '../origin.ts'
import type { BackendSessions } from '../sessions/of-backends.ts'
import { ejectionOf } from './ejection.ts'
import { healthChecksOf } from './health-checks.ts'

export interface ClusterPolicy {
  readonly settings: ClusterSettings & Pick<Cluster, 'ejection' | 'panicPercent' | 'healthChecks'>
  readonly tls: TlsBounds
  /** Null where the policies say nothing of sessions. */
  readonly sessions: BackendSessions | null
  /** Whose word it is, the farthest first. */
  readonly policies: readonly BackendPolicy[]
}

/** Attaches BackendPolicies, the oldest first, and tells what each cluster has of them. */
export function backendPolicies(
  resources: Resources,
  report: Report,
): (target: ClusterTarget) => ClusterPolicy {
  const claims = new Map<string, BackendPolicy>()
  for (const policy of resources.all(BackendPolicy))
    report.notServed(policy, unservedIn(policy, BackendPolicy))
  for (const attachment of attachmentsOf(resources.all(BackendPolicy)))
    attach(attachment, resources, claims, report)
  for (const [key, policy] of claims) {
    const far = claims.get(key.split(' ', 1)[0]!)
    checkPatience(policy, far, report)
    checkConcurrency(policy, far, report)
  }
  const known = new Map<ClusterTarget, ClusterPolicy>()
  return target => {
    let policy = known.get(target)
    if (policy === undefined) known.set(target, (policy = policyOf(target, claims)))
    return policy
  }
}

function policyOf(target: ClusterTarget, claims: ReadonlyMap<string, BackendPolicy>): ClusterPolicy {
  const { kind, object } = target
  const whole = keyOf(object)
  const port = kind === 'Service' ? target.port.name : undefined
  const near = port === undefined ? undefined : claims.get(`${whole} ${port}`)
  const far = claims.get(whole)
  const own = kind === 'Service' ? distributionOf(object) : {}
  // Of thousands of targets most have no policy, and the same settings.
  if (far === undefined && near === undefined && Object.keys(own).length === 0)
    return (withoutPolicy ??= settingsOf(undefined, undefined, {}))
  return settingsOf(far, near, own)
}

let withoutPolicy: ClusterPolicy | null = null

function attach(
  attachment: PolicyAttachment<BackendPolicy>,
  resources: Resources,
  claims: Map<string, BackendPolicy>,
  report: Report,
): void {
  const { policy, target } = attachment
  const { group, kind, name, sectionName } = target
  const { namespace } = policy.metadata
  const targeted = [Service, Backend].find(one => one.kind === kind && one.group === group)
  if (targeted === undefined)
    return reject(
      attachment,
      report,
      'Invalid',
      `a BackendPolicy attaches to a Service or a Backend, not to ${described(target)}`,
    )
  const object = resources.get<Resource>(targeted, namespace, name)
  if (object === undefined)
    return reject(attachment, report, 'TargetNotFound', missing(resources, targeted, namespace, name))
  if (sectionName !== undefined && !hasPort(resources, namespace, name, sectionName))
    return reject(
      attachment,
      report,
      'TargetNotFound',
      `Service ${namespace}/${name} has no port named ${sectionName}`,
    )
  const key = keyOf(object) + (sectionName === undefined ? '' : ` ${sectionName}`)
  const other = claims.get(key)
  if (other !== undefined)
    return reject(attachment, report, 'Conflicted', `${elder(other, policy)} has this ${kind}`)
  claims.set(key, policy)
  accept(
    attachment,
    report,
    sectionName === undefined ? `applies to the ${kind}` : `applies to the port ${sectionName}`,
  )
}

function hasPort(resources: Resources, namespace: string, name: string, port: string): boolean {
  return resources.get(Service, namespace, name)?.body.spec?.ports?.some(p => p.name === port) ?? false
}

/** The nearer policy wins, field by field. */
function settingsOf(
  far: BackendPolicy | undefined,
  near: BackendPolicy | undefined,
  own: Partial<ClusterSettings>,
): ClusterPolicy {
  const policies = [far, near].filter(policy => policy !== undefined)
  const {
    slowStartMs = 0,
    zoneAware,
    subsetSize,
    ...settings
  }: ClusterSettings = {
    ...clusterSettings,
    ...own,
    ...(far && patchOf(far)),
    ...(near && patchOf(near)),
  }
  const breaker = breakerOf(far?.body.spec.circuitBreaker, near?.body.spec.circuitBreaker)
  const adaptiveConcurrency = adaptiveConcurrencyOf(
    far?.body.spec.adaptiveConcurrency,
    near?.body.spec.adaptiveConcurrency,
  )
  const retry = clusterRetryOf(bothRetries(far?.body.spec.retry, near?.body.spec.retry))
  const hedging = hedgingOf(far?.body.spec.hedging, near?.body.spec.hedging)
  const meshMode = near?.body.spec.meshMode ?? far?.body.spec.meshMode ?? 'Disabled'
  const budget = { ...far?.body.spec.retryBudget, ...near?.body.spec.retryBudget }
  const tls = { ...tlsBounds, ...(far && tlsPatch(far)), ...(near && tlsPatch(near)) }
  return {
    settings: {
      ...settings,
      // One policy may have said the one, and another the other.
      ...(!isSticky(settings.balancer.type) && {
        ...(slowStartMs > 0 && { slowStartMs }),
        ...(zoneAware && { zoneAware }),
        ...(subsetSize !== undefined && { subsetSize }),
      }),
      patienceMs: patienceOf(settings),
      ...ejectionOf(policies),
      ...healthChecksOf(policies),
      ...(Object.keys(budget).length > 0 && { retryBudget: retryBudgetOf(budget) }),
      ...clusterTimeoutsOf({ ...far?.body.spec.timeouts, ...near?.body.spec.timeouts }),
      ...(breaker !== undefined && { breaker }),
      ...(hedging !== undefined && { hedging }),
      ...(adaptiveConcurrency !== undefined && { adaptiveConcurrency }),
      ...(retry !== undefined && { retry }),
      ...(meshMode !== 'Disabled' && { meshed: true as const }),
    },
    tls,
    sessions: sessionsOf(near) ?? sessionsOf(far),
    policies,
  }
}

/** As a whole from the nearer policy: a name of one and a lifetime of the other would be nobody's session. */
function sessionsOf(policy: BackendPolicy | undefined): BackendSessions | null {
  const persistence = policy?.body.spec.sessionPersistence
  if (policy === undefined || persistence === undefined) return null
  return { persistence, origin: originOf(policy, ['spec', 'sessionPersistence']) }
}

function bothRetries(far: RetryFields = {}, near: RetryFields = {}): RetryFields {
  return {
    ...far,
    ...near,
    ...((far.retryOn ?? near.retryOn) && { retryOn: { ...far.retryOn, ...near.retryOn } }),
    ...((far.backOff ?? near.backOff) && { backOff: { ...far.backOff, ...near.backOff } }),
  }
}

/** Always below the time that a request may wait for a connection: who waits is to have one in time. */
function patienceOf({ patienceMs, connectTimeoutMs }: ClusterSettings): number {
  if (patienceMs === Infinity || patienceMs < connectTimeoutMs) return patienceMs
  return connectTimeoutMs * SHARE_OF_WAIT
}

/** Of two policies that go together each may be right, and the whole not. */
function checkPatience(near: BackendPolicy, far: BackendPolicy | undefined, report: Report): void {
  const { patienceMs, connectTimeoutMs } = { ...clusterSettings, ...(far && patchOf(far)), ...patchOf(near) }
  const patience = near.body.spec.pressure?.patience ?? far?.body.spec.pressure?.patience
  if (patience === undefined || patienceMs === Infinity || patienceMs < connectTimeoutMs) return
  const used = formatDuration(connectTimeoutMs * SHARE_OF_WAIT)
  const note = `a patience of ${patience} must be below the connectTimeout, ${formatDuration(connectTimeoutMs)} here: ${used} is used`
  report.notServed(near, [{ path: ['spec'], note }])
}

/** A limit that is found out acts where no other one is met before. */
function checkConcurrency(near: BackendPolicy, far: BackendPolicy | undefined, report: Report): void {
  const { spec } = near.body
  const found = adaptiveConcurrencyOf(far?.body.spec.adaptiveConcurrency, spec.adaptiveConcurrency)
  const { maxParallelRequests: most = 0 } = { ...far?.body.spec.circuitBreaker, ...spec.circuitBreaker }
  if (found === undefined || most === 0 || most > found.minLimit) return
  report.doubt(near, {
    severity: 'warning',
    reason: 'NeverReached',
    path: spec.adaptiveConcurrency === undefined ? ['spec'] : ['spec', 'adaptiveConcurrency'],
    message: `adaptiveConcurrency lets ${found.minLimit} requests at once through in any case (minLimit), and circuitBreaker.maxParallelRequests refuses those beyond ${most}: nothing is ever found out`,
  })
}

/** Of the time that a request may wait, what is given to clients that are too slow where nothing fitting is said: the rest is for finding them out. */
const SHARE_OF_WAIT = 0.6

function patchOf({ body: { spec } }: BackendPolicy): Patch<ClusterSettings> {
  const { loadBalancing, connections = {}, responses = {}, pressure = {}, timeouts = {}, dns, retry } = spec
  return given<ClusterSettings>({
    balancer: loadBalancing === undefined ? undefined : balancingOf(loadBalancing),
    slowStartMs: ms(loadBalancing?.slowStart?.window),
    zoneAware: loadBalancing?.zoneAware && zonePreferenceOf(loadBalancing.zoneAware),
    subsetSize: loadBalancing?.subsets?.size,
    maxConnections: connections.max,
    maxPending: connections.maxPending,
    maxRequestsPerConnection: connections.maxRequestsPerConnection,
    proxyProtocol: connections.proxyProtocol,
    connectTimeoutMs: ms(connections.connectTimeout),
    connectAttempts: connections.attempts,
    // As in the standard's timeouts, 0 is none.
    silenceMs: timeouts.silence === undefined ? undefined : ms(timeouts.silence) || Infinity,
    tunnelSilenceMs:
      timeouts.tunnelSilence === undefined ? undefined : ms(timeouts.tunnelSilence) || Infinity,
    sessionSilenceMs:
      timeouts.sessionSilence === undefined ? undefined : ms(timeouts.sessionSilence) || Infinity,
    fieldBytes: bytes(responses.fieldBytes),
    headBytes: bytes(responses.headBytes),
    fieldCount: responses.fields,
    idleTimeoutMs: ms(connections.idleTimeout),
    bodyStartBytes: bytes(pressure.bodyStart),
    bodyBytesPerSecond: bytes(pressure.bodyRate),
    patienceMs: pressure.patience === undefined ? undefined : ms(pressure.patience) || Infinity,
    dnsRefreshMs: ms(dns?.refresh),
    repeatNonIdempotent: retry?.nonIdempotent,
  })
}

/** Without a type what is farther away, or the default, stays. */
function balancingOf(loadBalancing: LoadBalancing): Balancing | undefined {
  const { type, slowStart: _, zoneAware: __, subsets: ___, ...settings } = loadBalancing
  return type === undefined ? undefined : { type, ...settings }
}

function tlsPatch({ body: { spec } }: BackendPolicy): Patch<TlsBounds> {
  const { minVersion, maxVersion, ciphers } = spec.tls ?? {}
  return given<TlsBounds>({
    minVersion: minVersion && tlsVersion(minVersion),
    maxVersion: maxVersion && tlsVersion(maxVersion),
    ciphers: ciphers && suitesOf(ciphers),
  })
}

function ms(text: string | undefined): number | undefined {
  return text === undefined ? undefined : durationMs(text)
}

function bytes(quantity: number | string | undefined): number | undefined {
  return quantity === undefined ? undefined : quantityBytes(quantity)
}
