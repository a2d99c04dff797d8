import { isDeepStrictEqual } from 'node:util'
import { portDefaults, routeDefaults } from '../../../model/defaults.ts'
import { isKind } from '../../../model/kind.ts'
import { Backend } from '../../../model/kinds/backend.ts'
import { EndpointSlice } from '../../../model/kinds/endpoint-slice.ts'
import type { Service, ServicePort } from '../../../model/kinds/service.ts'
import type { Resource } from '../../../model/resource.ts'
import type { Resources } from '../../../model/resources.ts'
import { memoized } from '../../../snapshot/memo.ts'
import { sameEndpoints } from '../../../snapshot/same-endpoints.ts'
import type { Endpoint } from '../../../snapshot/cluster.ts'
import type { SnapshotParts } from '../../../snapshot/snapshot.ts'
import { backendRefsOf } from '../closing/served-objects.ts'
import { allRoutes, type Route } from '../routes/route.ts'
import { targetNamed, type ClusterTarget } from '../../../translation/targets.ts'

/** Names the Service that an EndpointSlice belongs to (discovery.k8s.io/v1, LabelServiceName). */
export const SERVICE_NAME = 'kubernetes.io/service-name'

export type Slices = (service: Service) => readonly EndpointSlice[]

/** EndpointSlices by Service; looked through once. */
export function slicesOf(resources: Resources): Slices {
  const byService = new Map<string, EndpointSlice[]>()
  for (const slice of resources.all(EndpointSlice)) {
    const name = slice.metadata.labels?.[SERVICE_NAME]
    if (name === undefined) continue
    const key = `${slice.metadata.namespace}/${name}`
    const slices = byService.get(key)
    if (slices === undefined) byService.set(key, [slice])
    else slices.push(slice)
  }
  return ({ metadata }) => byService.get(`${metadata.namespace}/${metadata.name}`) ?? []
}

/**
 * Where one port of a Service is: the ready endpoints of its EndpointSlices.
 * Without any EndpointSlice, as on a laptop, it is a DNS name that the worker
 * resolves: `externalName`, or `name.namespace.svc` for a Service with a
 * clusterIP. Otherwise nowhere, which is answered 503.
 */
function serviceEndpoints(service: Service, port: ServicePort, slices: Slices): readonly Endpoint[] {
  const { type, externalName, clusterIP = '' } = service.body.spec ?? {}
  const { name, namespace } = service.metadata
  if (type === 'ExternalName') return externalName === undefined ? [] : [endpoint(externalName, port.port)]
  const own = slices(service)
  if (own.length > 0) return sliceEndpointsOnce(service, port, own)
  return clusterIP === '' || clusterIP === 'None' ? [] : [endpoint(`${name}.${namespace}.svc`, port.port)]
}

/** What a port came to, and all that it depends on beside its Service, whose it is. */
interface Known {
  readonly slices: readonly EndpointSlice[]
  readonly endpoints: readonly Endpoint[]
}

const ofPorts = new WeakMap<ServicePort, Known>()

/** Of 20,000 endpoints a change is about a few: those of slices that stay are the same list. */
function sliceEndpointsOnce(
  service: Service,
  port: ServicePort,
  slices: readonly EndpointSlice[],
): readonly Endpoint[] {
  const before = ofPorts.get(port)
  if (before?.slices.length === slices.length && slices.every((one, i) => one === before.slices[i]))
    return before.endpoints
  const endpoints = sliceEndpoints(service, port, slices)
  ofPorts.set(port, { slices, endpoints })
  return endpoints
}

function sliceEndpoints(service: Service, port: ServicePort, slices: readonly EndpointSlice[]): Endpoint[] {
  const byFamily = new Map<string, Endpoint[]>()
  for (const slice of slices) {
    const { body } = slice
    const found = portOfSlice(slice, port)
    if (found?.port === undefined) continue
    const list = byFamily.get(body.addressType) ?? []
    byFamily.set(body.addressType, list)
    for (const { addresses, conditions, zone = '' } of body.endpoints ?? [])
      // Consumers may use the first address only (EndpointSlice, v1).
      list.push({
        ...endpoint(addresses[0]!, found.port),
        ...(zone !== '' && { zone }),
        ...readinessOf(conditions),
      })
  }
  // The same pods are in a slice of each family. One family is enough: the Service's first that has anything.
  const families = service.body.spec?.ipFamilies
  const preferred =
    families?.find(family => byFamily.get(family)?.some(one => one.readiness === undefined)) ??
    families?.find(family => (byFamily.get(family) ?? []).length > 0)
  const all = preferred === undefined ? [...byFamily.values()].flat() : (byFamily.get(preferred) ?? [])
  return distinct(all).sort(byAddress)
}

type Conditions = NonNullable<EndpointSlice['body']['endpoints']>[number]['conditions']

/** "A nil value should be interpreted as ready" (EndpointSlice, v1); `serving`, left out, is as `ready`. */
function readinessOf({
  ready = true,
  serving = ready,
  terminating = false,
}: NonNullable<Conditions> = {}): Pick<Endpoint, 'readiness'> {
  if (ready) return {}
  return { readiness: serving && terminating ? 'terminating' : 'unready' }
}

/** The port of a slice that stands for one of its Service: of the same name and protocol. */
export function portOfSlice({ body }: EndpointSlice, port: ServicePort) {
  return (body.ports ?? []).find(
    p =>
      (p.name ?? '') === (port.name ?? '') &&
      (p.protocol ?? portDefaults.protocol) === (port.protocol ?? portDefaults.protocol),
  )
}

/** Slices are reshuffled as pods come and go; sorted, an unchanged set stays equal. */
function byAddress(a: Endpoint, b: Endpoint): number {
  return a.address < b.address ? -1 : a.address > b.address ? 1 : a.port - b.port
}

const ofBackends = new WeakMap<Backend, readonly Endpoint[]>()

function backendEndpoints({ body: { spec } }: Backend): Endpoint[] {
  return distinct(
    spec.endpoints.map(({ address, port, weight = routeDefaults.backendWeight, priority = 0, zone }) => ({
      ...endpoint(address, port, weight),
      ...(priority > 0 && { priority }),
      ...(zone !== undefined && { zone }),
    })),
  )
}

function endpoint(address: string, port: number, weight: number = routeDefaults.backendWeight): Endpoint {
  return { address, port, weight }
}

/** An address that is there twice (slices may overlap while they are updated) is one endpoint, the first that is ready. */
function distinct(list: readonly Endpoint[]): Endpoint[] {
  const seen = new Map<string, Endpoint>()
  for (const one of list) {
    const key = `${one.address} ${one.port}`
    const known = seen.get(key)
    if (known === undefined || (known.readiness !== undefined && one.readiness === undefined))
      seen.set(key, one)
  }
  return [...seen.values()]
}

export function targetEndpoints(target: ClusterTarget, slices: Slices): readonly Endpoint[] {
  return target.kind === 'Service'
    ? serviceEndpoints(target.object, target.port, slices)
    : memoized(ofBackends, target.object, backendEndpoints)
}

/**
 * The endpoints of the clusters that a snapshot already has: all that is to be
 * computed when nothing but EndpointSlices and endpoints of Backends changed. A
 * list that is as it was is the same object as before, so that a comparison by
 * identity tells what changed. A cluster whose object is gone keeps what it has
 * until the whole is translated.
 */
export function endpointsOnly(resources: Resources, previous: SnapshotParts): SnapshotParts['endpoints'] {
  const slices = slicesOf(resources)
  const endpoints: Record<string, readonly Endpoint[]> = {}
  for (const { name } of previous.clusters) {
    const before = previous.endpoints[name] ?? []
    const target = targetNamed(resources, name)
    const now = target === undefined ? before : targetEndpoints(target, slices)
    endpoints[name] = sameEndpoints(before, now) ? before : Object.freeze(now.map(one => Object.freeze(one)))
  }
  return Object.freeze(endpoints)
}

/**
 * Whether a change is one of endpoints alone: everything but EndpointSlices and the endpoints of Backends is as it was,
 * but perhaps for its place in its file. Of Backends only those count that say nothing but where they are by their
 * endpoints: names of servers over TLS are taken from them, and references may name their ports.
 */
export function onlyEndpointsDiffer(before: Resources, after: Resources): boolean {
  if (!sameItems(before.unenforced, after.unenforced)) return false
  const pairs = differing(before.list, after.list)
  return (
    pairs !== null &&
    pairs.every(({ one, old }) => isKind(one, Backend) && isKind(old, Backend) && isElsewhere(old, one)) &&
    !pairs.some(({ one }) => isNamedWithPort(one, after))
  )
}

/** Objects that are no EndpointSlices and differ, in pairs; null where some came or went. */
function differing(
  before: readonly Resource[],
  after: readonly Resource[],
): readonly { readonly one: Resource; readonly old: Resource }[] | null {
  // Nearly all of 10,000 objects stand at the beginning of both, and at their end.
  let start = 0
  while (start < before.length && before[start] === after[start]) start++
  let end = 0
  const most = Math.min(before.length, after.length) - start
  while (end < most && before.at(-1 - end) === after.at(-1 - end)) end++
  const old = before.slice(start, before.length - end).filter(isNoSlice)
  const now = after.slice(start, after.length - end).filter(isNoSlice)
  if (old.length !== now.length) return null
  return now.flatMap((one, i) => (isSameObject(one, old[i]!) ? [] : [{ one, old: old[i]! }]))
}

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((one, i) => one === b[i])
}

function isNoSlice(one: Resource): boolean {
  return !isKind(one, EndpointSlice)
}

/** An object that only stands at another place of its file shares its parts. */
function isSameObject(a: Resource, b: Resource): boolean {
  return a === b || (a.metadata === b.metadata && a.body === b.body)
}

function isElsewhere(old: Backend, now: Backend): boolean {
  const { endpoints: _, ...before } = old.body.spec
  const { endpoints: __, ...after } = now.body.spec
  return (
    ['http', 'h2c'].includes(after.protocol ?? 'http') &&
    isDeepStrictEqual([old.metadata, before], [now.metadata, after])
  )
}

/** Whether some route refers to it by a port, which one of its endpoints may not have. */
function isNamedWithPort({ metadata }: Resource, resources: Resources): boolean {
  const name = `${metadata.namespace}/${metadata.name}`
  return allRoutes(resources).some(route => backendsWithPorts(route).includes(name))
}

const none: readonly string[] = []
const withPorts = new WeakMap<Route, readonly string[]>()

function backendsWithPorts(route: Route): readonly string[] {
  let names = withPorts.get(route)
  if (names !== undefined) return names
  names = backendRefsOf(route).flatMap(({ kind, name, namespace = route.metadata.namespace, port }) =>
    port === undefined || kind !== 'Backend' ? [] : [`${namespace}/${name}`],
  )
  withPorts.set(route, (names = names.length === 0 ? none : names))
  return names
}
