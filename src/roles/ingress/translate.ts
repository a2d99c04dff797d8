import { ExternalAuthPolicy } from '../../model/kinds/external-auth-policy.ts'
import { TrafficPolicy } from '../../model/kinds/traffic-policy.ts'
import type { Resource, ResourceRef } from '../../model/resource.ts'
import { keyOf, refOf, type Resources } from '../../model/resources.ts'
import type { TranslateOptions } from '../../translation/role.ts'
import type { Contribution } from '../../snapshot/contribution.ts'
import { lazy } from '../../snapshot/memo.ts'
import type { StreamRule } from '../../snapshot/rule.ts'
import type { Port, SnapshotParts } from '../../snapshot/snapshot.ts'
import { attachRoutes } from './routes/attach-all.ts'
import { backendPolicies, type ClusterPolicy } from './backends/backend-policy.ts'
import { BackendRefs } from './backends/backend-refs.ts'
import { BackendTlsPolicies } from './backends/backend-tls-policy.ts'
import { providedBy } from './acme/claims.ts'
import { ACME, type AcmeFacts } from './acme/facts.ts'
import { certificatePolicies } from './acme/policies.ts'
import { Calendar } from '../../translation/calendar.ts'
import { Certificates } from '../../translation/certificates.ts'
import { BUNDLE_BACKENDS, type BackendClusters } from '../../translation/compositions.ts'
import { clientPolicies } from './gateway/client-policy.ts'
import { clustersOf } from './backends/clusters.ts'
import { composedBackends, composedClusters } from './backends/composed-backends.ts'
import { SessionsOfBackends } from './sessions/of-backends.ts'
import { keepSessions, SESSIONS } from './sessions/settings.ts'
import { Report } from '../../translation/report.ts'
import { doubtBackendSettings } from './doubts/backend-settings.ts'
import { ourIngresses } from './ingresses/classes.ts'
import { Ingresses } from './ingresses/ingresses.ts'
import { doubtEndpoints } from './doubts/endpointless.ts'
import { slicesOf } from './backends/endpoints.ts'
import { doubtClasses, gatewayClasses } from './gateway/gateway-class.ts'
import { closeFiltered } from './closing/filtered-listeners.ts'
import { gatewaysOf, reportGateway, statusesOf } from './gateway/gateway.ts'
import { ownListeners, type GatewayState } from './gateway/gateway-state.ts'
import { OwnServices } from './gateway/own-services.ts'
import { Parameters } from './gateway/parameters.ts'
import { wantedServices } from './gateway/reach.ts'
import { GATEWAY_SERVICES, type GatewayServiceWant } from '../../translation/gateway-services.ts'
import { Grants } from '../../translation/grants.ts'
import { routeParents } from './gateway/listener-sets.ts'
import { proveContexts } from './gateway/listener-contexts.ts'
import type { ListenerState } from './gateway/listeners.ts'
import { Namespaces } from '../../translation/namespaces.ts'
import { doubtExceptions } from '../../translation/except-doubts.ts'
import { doubtGreedy } from './doubts/greedy.ts'
import { clusterNames, portsOf } from './gateway/ports.ts'
import { doubtRetries } from './doubts/retries.ts'
import { clustersOfRule } from './routes/entry-tally.ts'
import { Extensions } from './routes/extensions.ts'
import { routesOf } from './routes/routes.ts'
import { doubtShadows, doubtStreams } from './doubts/shadows.ts'
import { doubtZones } from './doubts/zones.ts'
import type { ClusterTarget } from '../../translation/targets.ts'
import { askedBy } from './external-auth/asking.ts'
import { ExternalAuthPolicies } from './external-auth/policies.ts'
import { Placed } from '../../snapshot/placed.ts'
import { Closing } from '../../translation/closing.ts'
import { closeAnnotated } from './closing/annotated.ts'
import { Served, servedObjects } from './closing/served-objects.ts'
import { closeUnenforced } from './closing/unenforced.ts'
import { usable } from './traffic/fallback.ts'
import { trafficPolicies } from './traffic/traffic-policies.ts'
import { doubtTrafficReach } from './doubts/traffic-reach.ts'
import { doubtTrafficSettings } from './doubts/traffic-settings.ts'
import { TelemetryPolicies } from './tracing/policies.ts'
import { TRACING, type WantedExports } from './tracing/wanted.ts'
import { doubtUnnamed } from './doubts/unnamed-compositions.ts'
import { doubtUntaken } from './doubts/untaken.ts'
import { reportClientCertificate, UpstreamTls } from './backends/upstream-tls.ts'

/**
 * Gateway API, as declared, to what the proxy runs (release v1.7.0). Pure and
 * deterministic; a Rule is one object wherever it is used. Whatever is not served as it is written has a condition that says so.
 */
export function translate(resources: Resources, options: TranslateOptions = {}): Contribution {
  const report = new Report()
  const grants = new Grants(resources)
  const parameters = new Parameters(resources, options.gatewayServices !== undefined)
  parameters.report(report)
  const classOf = gatewayClasses(resources, parameters, report)
  const calendar = new Calendar(options.nowMs)
  const certificates = new Certificates(resources, grants, calendar)
  const namespaces = new Namespaces(resources)
  const gateways = gatewaysOf(
    resources,
    certificates,
    classOf,
    options.addresses ?? [],
    OwnServices.of(resources, options, calendar),
    parameters,
    providedBy(resources),
    namespaces,
    report,
  )
  const closing = new Closing('ingress')
  const policies = new BackendTlsPolicies(resources, certificates, closing)
  const backends = new BackendRefs(resources, grants, policies)
  const parents = routeParents(gateways)
  const attaching = { resources, gateways, parents, classOf, namespaces, report }
  const { settingsOf, attach: encodings } = clientPolicies(resources, gateways, report)
  const facts = (options.facts?.[ACME] as AcmeFacts | undefined) ?? null
  const acme = certificatePolicies(attaching, certificates, facts)
  for (const state of gateways.values()) {
    proveContexts(state, settingsOf, certificates)
    reportGateway(state, report)
    reportClientCertificate(state.gateway, ownListeners(state), certificates, report)
  }
  const ours = ourIngresses(resources, report)
  const composed = composedBackends(resources, options.facts, backends)
  const composedTargets = composed.flatMap(({ to }) =>
    typeof to === 'string' ? (backends.used.get(to) ?? []) : [],
  )
  const served = lazy(
    () =>
      new Served(
        servedObjects(
          resources,
          gateways,
          ours,
          composedTargets.map(({ object }) => object),
        ),
      ),
  )
  closeFiltered(gateways, closing)
  closeUnenforced(resources, served, options.ignoredKinds ?? [], closing, report)
  closeAnnotated(resources, ours, served, options.ignoredAnnotations ?? [], closing, report)
  const traffic = trafficPolicies({ resources, gateways, grants, backends, closing, report })
  const auth = new ExternalAuthPolicies({ resources, gateways, backends, closing, report })
  const telemetry = new TelemetryPolicies({ resources, gateways, backends, report })
  closing.tell(report)
  const extensions = new Extensions(resources, options.facts)
  const routes = routesOf(resources, { backends, extensions }).map(route => auth.route(route))
  const streams = attachRoutes(attaching, routes)
  const ingresses = new Ingresses(ours, { backends, extensions }, certificates, closing, report)
  const upstreams = new UpstreamTls(backends.used, policies, certificates)
  const { attach, close } = auth.attachments(upstreams)
  const closed = new Placed([{ close: closing.places, conditions: [] }])
  const isOpen = (cluster: string): boolean =>
    closed.isPlain(cluster) &&
    [...gateways.values()].every(one => upstreams.clustersOf(one.gateway)(cluster) === cluster)
  const fallbacks = usable(traffic.attach, traffic.policyOf, isOpen, report)
  const compositions = composedClusters(composed, upstreams, isOpen, report)
  const traced = telemetry.with(upstreams, closed)
  const asked = [
    ...compositions.names,
    ...traced.clusters,
    ...askedBy(attach.map(({ filter }) => filter)),
    ...fallbacks.flatMap(({ filter }) => filter.forwardsTo ?? []),
  ]
  const policyOf = backendPolicies(resources, report)
  const ports = portsOf(gateways.values(), settingsOf, upstreams, traced.tracingOf)
  const allPorts =
    options.onlyGateway === undefined ? ingresses.on(ports, options, upstreams.rulesOf(null)) : ports
  const parts = withCertificates(
    partsOf(resources, allPorts, upstreams, closed, asked, policyOf, report),
    certificates,
  )
  const senders = lazy(() => sendersOf(gateways.values(), backends.used, [auth, telemetry]))
  policies.report(report, target => senders()(target))
  doubtClasses(resources, classOf, ingresses.any, report)
  doubtGreedy(parts.ports, doubtShadows(parts.ports, report), report)
  doubtStreams(streams, report)
  doubtRetries(parts, report)
  doubtUntaken(parts.ports, report)
  doubtTrafficSettings(resources.all(TrafficPolicy), report)
  doubtTrafficReach(parts, traffic.attach, traffic.policyOf, report)
  doubtExceptions([...resources.all(TrafficPolicy), ...resources.all(ExternalAuthPolicy)], resources, report)
  const targetOf = (name: string): ClusterTarget | undefined => upstreams.clusters.get(name)?.target
  doubtEndpoints(parts, targetOf, resources, report)
  doubtZones(parts, targetOf, report)
  doubtUnnamed(backends.compositions, resources, report)
  doubtBackendSettings(parts, targetOf, policyOf, report)
  return {
    ...parts,
    clusters: [...parts.clusters, ...compositions.clusters],
    endpoints: { ...parts.endpoints, ...compositions.endpoints },
    attach: [...acme.attach, ...encodings, ...fallbacks, ...attach],
    close,
    tables: traffic.tables,
    ...wantsOf(
      acme.wanted,
      compositions.wanted,
      options.gatewayServices && wantedServices(gateways.values()),
      traced.wanted,
      parts,
    ),
    conditions: report.conditions,
    problems: report.problems,
    gateways: [...gateways.values()].flatMap(statusesOf),
    dueMs: calendar.dueMs,
    expiresMs: certificates.expiresMs,
  }
}

/** What services beside the data plane are to know. */
function wantsOf(
  certificates: readonly unknown[],
  compositions: BackendClusters,
  services: readonly GatewayServiceWant[] | undefined,
  exports: WantedExports,
  { ports }: SnapshotParts,
): Pick<Contribution, 'wants'> {
  const wants = {
    ...(Object.keys(compositions).length === 0 ? {} : { [BUNDLE_BACKENDS]: compositions }),
    ...(certificates.length === 0 ? {} : { [ACME]: certificates }),
    ...(services !== undefined && { [GATEWAY_SERVICES]: services }),
    ...(Object.keys(exports).length === 0 ? {} : { [TRACING]: exports }),
    ...(keepSessions(ports) ? { [SESSIONS]: true } : {}),
  }
  return Object.keys(wants).length === 0 ? {} : { wants }
}

function partsOf(
  resources: Resources,
  all: readonly Port[],
  upstreams: UpstreamTls,
  closed: Placed,
  asked: readonly string[],
  policyOf: (target: ClusterTarget) => ClusterPolicy,
  report: Report,
): SnapshotParts {
  // What is closed is so before anything is doubted, and needs no clusters.
  const ports = closed.on(all)
  const names = clusterNames(ports)
  for (const name of asked) names.add(name)
  const used = new Map([...upstreams.clusters].filter(([name]) => names.has(name)))
  const sessions = new Map(
    [...used].flatMap(([name, { target }]) => {
      const { sessions: own } = policyOf(target)
      return own === null ? [] : [[name, own] as const]
    }),
  )
  return {
    ports: new SessionsOfBackends(sessions, report).on(ports),
    ...clustersOf(used, policyOf, slicesOf(resources)),
  }
}

/** Which Gateways send to a target (by its key): those with a route to it, whether or not they are served. */
function sendersOf(
  gateways: Iterable<GatewayState>,
  targets: ReadonlyMap<string, ClusterTarget>,
  askers: readonly { askedOf(gateway: Resource): readonly string[] }[],
): (target: string) => readonly ResourceRef[] {
  const senders = new Map<string, Set<ResourceRef>>()
  for (const { gateway, listeners } of gateways) {
    const ref = refOf(gateway)
    const ranked = listeners.flatMap(({ hosts }) =>
      [...hosts.values()].flat().flatMap(({ entries }) => entries),
    )
    const names = new Set<string>()
    for (const rule of new Set(ranked.map(({ entry }) => entry.rule)))
      for (const name of clustersOfRule(rule)) names.add(name)
    for (const { cluster } of listeners.flatMap(encrypted)) if (cluster !== null) names.add(cluster)
    for (const name of askers.flatMap(one => one.askedOf(gateway))) names.add(name)
    for (const name of names) {
      const target = targets.get(name)
      if (target === undefined) continue
      const key = keyOf(target.object)
      senders.set(key, (senders.get(key) ?? new Set()).add(ref))
    }
  }
  return target => [...(senders.get(target) ?? [])]
}

/** Where a listener sends what it has decrypted. */
function encrypted({ tls, streams }: ListenerState): StreamRule['backends'] {
  return tls?.mode === 'passthrough' ? [] : [...streams.values()].flatMap(({ rule }) => rule.backends)
}

/** Those that something names, and no others: a key goes nowhere where it is not needed. */
function withCertificates(parts: SnapshotParts, { used }: Certificates): SnapshotParts {
  const names = new Set<string>()
  for (const { tls } of parts.ports.flatMap(({ listeners }) => listeners))
    if (tls?.mode === 'terminate')
      for (const name of [...tls.certificates, ...(tls.clients?.authorities ?? [])]) names.add(name)
  for (const { tls } of parts.clusters) {
    if (tls === undefined) continue
    if (tls.certificate !== null) names.add(tls.certificate)
    if (tls.authorities !== 'system') for (const name of tls.authorities) names.add(name)
  }
  const needed = [...used].filter(([name]) => names.has(name))
  return needed.length === 0 ? parts : { ...parts, certificates: Object.fromEntries(needed) }
}
