import { portDefaults } from '../../../model/defaults.ts'
import { EndpointSlice } from '../../../model/kinds/endpoint-slice.ts'
import { Service, type ServicePort } from '../../../model/kinds/service.ts'
import { proposal } from '../../../model/nearest.ts'
import { formatPosition } from '../../../model/problem.ts'
import type { Resource } from '../../../model/resource.ts'
import type { Resources } from '../../../model/resources.ts'
import type { Endpoint } from '../../../snapshot/cluster.ts'
import type { Rule, StreamRule } from '../../../snapshot/rule.ts'
import type { SnapshotParts } from '../../../snapshot/snapshot.ts'
import type { Doubt, Report } from '../../../translation/report.ts'
import { SERVICE_NAME, portOfSlice, slicesOf } from '../backends/endpoints.ts'
import type { ClusterTarget } from '../../../translation/targets.ts'

/** Services that something is sent to and that have nowhere to send it: their share of requests is answered 503. */
export function doubtEndpoints(
  parts: SnapshotParts,
  targetOf: (cluster: string) => ClusterTarget | undefined,
  resources: Resources,
  report: Report,
): void {
  const empty = parts.clusters.filter(({ name }) => parts.endpoints[name]?.every(isUnready))
  if (empty.length === 0) return
  const slices = slicesOf(resources)
  const senders = sendersOf(parts)
  const told = new Set<ServicePort>()
  for (const { name } of empty) {
    const target = targetOf(name)
    // One port is several clusters where it is spoken to in several ways.
    if (target?.kind !== 'Service' || told.has(target.port)) continue
    told.add(target.port)
    const { object, port } = target
    const own = slices(object)
    if (own.length === 0 && mayBeHidden(resources, object)) continue
    const doubt = own.length === 0 ? sliceless(object, resources) : unready(port, own)
    const index = object.body.spec?.ports?.indexOf(port) ?? -1
    report.doubt(object, {
      path: index < 0 ? ['spec'] : ['spec', 'ports', index],
      ...doubt,
      message: doubt.message + (senders.get(name) ?? ''),
    })
  }
}

function isUnready({ readiness }: Endpoint): boolean {
  return readiness === 'unready'
}

/** Its slices may be among what was refused or cannot be read, which is told elsewhere. */
function mayBeHidden(resources: Resources, { metadata }: Service): boolean {
  return resources.unread !== null || resources.refusalOfAny(EndpointSlice, metadata.namespace) !== null
}

type Why = Pick<Doubt, 'severity' | 'reason' | 'message'>

function sliceless(service: Service, resources: Resources): Why {
  const stray = strayOf(service, resources)
  const selects = Object.keys(service.body.spec?.selector ?? {}).length > 0
  if (selects && stray === null)
    return {
      severity: 'warning',
      reason: 'NoSlice',
      message:
        'none of the EndpointSlices here is of this Service: Kubernetes makes them by its selector, and where it is served as it stands here, requests to it are answered 503',
    }
  const lacks = selects
    ? 'no EndpointSlice is of this Service'
    : 'it has neither a selector nor an EndpointSlice'
  return {
    severity: 'error',
    reason: 'NoEndpoints',
    message: `${lacks}, so that requests to it are answered 503; ${stray ?? `expected an EndpointSlice with the label ${SERVICE_NAME}: ${service.metadata.name}, or a Backend in its place`}`,
  }
}

/** An EndpointSlice that was likely meant for the Service, and what it lacks. */
function strayOf({ metadata }: Service, resources: Resources): string | null {
  const { name, namespace } = metadata
  const near = resources.all(EndpointSlice).filter(slice => slice.metadata.namespace === namespace)
  const bare = near.find(
    slice =>
      slice.metadata.labels?.[SERVICE_NAME] === undefined &&
      (slice.metadata.name === name || slice.metadata.name.startsWith(`${name}-`)),
  )
  if (bare !== undefined) return `${named(bare)} lacks the label ${SERVICE_NAME}: ${name}`
  for (const slice of near) {
    const label = slice.metadata.labels?.[SERVICE_NAME] ?? ''
    const meant = label === '' || resources.get(Service, namespace, label) ? '' : proposal(label, [name])
    if (meant !== '') return `${named(slice)} has the label ${SERVICE_NAME}: ${label}${meant}`
  }
  return null
}

function unready(port: ServicePort, slices: readonly EndpointSlice[]): Why {
  const found = slices.flatMap(slice => {
    const own = portOfSlice(slice, port)
    return own === undefined ? [] : [{ slice, own }]
  })
  const error = (reason: string, message: string): Why => ({ severity: 'error', reason, message })
  const [first = slices[0]!] = found.map(({ slice }) => slice)
  if (found.length === 0) {
    const has = [...new Set(slices.flatMap(({ body }) => body.ports ?? []).map(portName))].join(', ')
    const written = has === '' ? 'has no ports' : `has ${has}`
    return error(
      'PortNotFound',
      `no EndpointSlice of it has ${portName(port)}, so that requests to it are answered 503; ${named(first)} ${written}`,
    )
  }
  if (found.every(({ own }) => own.port === undefined))
    return error(
      'PortNotFound',
      `${portName(port)} has no number in ${named(first)}, so that requests to it are answered 503`,
    )
  const all = found.flatMap(({ slice }) => slice.body.endpoints ?? [])
  const lacks =
    all.length === 0
      ? 'its EndpointSlices have no endpoints'
      : all.length === 1
        ? 'its only endpoint is not ready'
        : `none of its ${all.length} endpoints is ready`
  return error('NotReady', `${lacks}, so that requests to it are answered 503; see ${named(first)}`)
}

/** `a port named "http"`; UDP and SCTP are told, for a name is of one protocol. */
function portName({
  name = '',
  protocol = portDefaults.protocol,
}: {
  readonly name?: string
  readonly protocol?: string
}): string {
  const kind = protocol === 'TCP' ? 'port' : `${protocol} port`
  return name === '' ? `a ${kind} without a name` : `a ${kind} named ${JSON.stringify(name)}`
}

function named(resource: Resource): string {
  const at = resource.at([])
  return `${resource.kind} ${resource.metadata.name}${at === null ? '' : ` (${formatPosition(at)})`}`
}

/** Who sends to each cluster, as the end of a message: the first rule, and how many more. */
function sendersOf({ ports }: SnapshotParts): ReadonlyMap<string, string> {
  const rules = new Map<string, Set<Rule | StreamRule>>()
  const add = (cluster: string | null, rule: Rule | StreamRule): void => {
    if (cluster !== null) rules.set(cluster, (rules.get(cluster) ?? new Set()).add(rule))
  }
  for (const { hosts, streams = [] } of ports.flatMap(({ listeners }) => listeners)) {
    for (const { rule } of hosts.flatMap(({ entries }) => entries))
      if (rule.action.type === 'forward')
        for (const { cluster } of [...rule.action.backends, ...rule.action.mirrors]) add(cluster, rule)
    for (const { rule } of streams) for (const { cluster } of rule.backends) add(cluster, rule)
  }
  return new Map(
    [...rules].map(([cluster, of]) => {
      const [first] = of
      const place = first === undefined ? '' : `${first.origin.resource} ${first.origin.path}`
      return [cluster, ` (${place}${of.size > 1 ? ` and ${of.size - 1} more` : ''} sends to it)`]
    }),
  )
}
