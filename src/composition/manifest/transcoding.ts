import { isDeepStrictEqual } from 'node:util'
import { create, toBinary, type DescFile, type Registry } from '@bufbuild/protobuf'
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import type { Backend, Backends, GrpcDeclaration } from '../backends/backend.ts'
import type { Filter } from '../filters/filter.ts'
import { registryOfSet } from '../grpc/descriptors.ts'
import { defineGateway, isAsDefined, type Gateway } from '../routes/gateway.ts'
import type { Route } from '../routes/route.ts'
import type { TranscodedRoute, TranscodeOptions } from '../routes/transcode.ts'
import { manifestOf } from './manifest.ts'

/** A gateway that only transcodes, as data that threads can be told (structured clone): no function is in it. */
export interface Transcoding {
  readonly gateway: Pick<Gateway, (typeof GATEWAY)[number]>
  readonly backends: Readonly<Record<string, TranscodedBackend>>
  readonly routes: readonly TranscodedRouteData[]
}

interface TranscodedBackend {
  readonly url: string
  readonly service: string
  /** A google.protobuf.FileDescriptorSet with its service. */
  readonly descriptors: Uint8Array
  readonly grpc: Pick<GrpcDeclaration, 'gzip' | 'idempotent'>
  readonly settings: Omit<Backend, 'url' | 'grpc'>
}

interface TranscodedRouteData {
  readonly backend: string
  /** A google.protobuf.FileDescriptorSet; null: that of the backend. */
  readonly descriptors: Uint8Array | null
  readonly options: Readonly<Record<string, unknown>>
}

const GATEWAY = ['title', 'version', 'timeoutMs', 'mergeMs', 'limitBytes', 'failures'] as const

/** A message that is longer is read in a turn that others feel who are served by the same thread. */
const MOST_MESSAGE_BYTES = 4 * 1024 * 1024
/** So are descriptors, from which each thread makes all of its own. */
const MOST_DESCRIPTOR_BYTES = 1024 * 1024

/**
 * The gateway as data, where that is all of it: made by `defineGateway` and untouched since, of nothing but `r.transcode`,
 * with no filter and no function anywhere, and of which the data make the same manifest again. Null where any of this
 * cannot be shown.
 */
export function transcodingOf(gateway: Gateway | Filter): Transcoding | null {
  if ('filter' in gateway || !isAsDefined(gateway) || gateway.limitBytes > MOST_MESSAGE_BYTES) return null
  if (gateway.before.length + gateway.after.length > 0) return null
  try {
    const backends = Object.entries(gateway.backends).map(([name, one]) => [name, backendData(one)] as const)
    const routes = gateway.routes.map(routeData)
    const data: Transcoding = {
      gateway: checked(
        Object.fromEntries(GATEWAY.map(name => [name, gateway[name]])),
      ) as Transcoding['gateway'],
      backends: Object.fromEntries(backends),
      routes,
    }
    if (bytesOf(data) > MOST_DESCRIPTOR_BYTES) return null
    return isSame(gatewayOfTranscoding(structuredClone(data)), gateway) ? data : null
  } catch (error) {
    if (error instanceof NoData) return null
    throw error
  }
}

/** The gateway again; throws what `defineGateway` does. */
export function gatewayOfTranscoding({ gateway, backends, routes }: Transcoding): Gateway {
  return defineGateway<Backends>({
    ...gateway,
    backends: Object.fromEntries(Object.entries(backends).map(([name, one]) => [name, backendOf(one)])),
    routes: r =>
      routes.map(({ backend, descriptors, options }) =>
        r.transcode(backend, {
          ...(options as TranscodeOptions<Backends>),
          ...(descriptors !== null && { descriptors: registryOfSet(descriptors) }),
        }),
      ),
  })
}

/** Something of it is no data. */
class NoData extends Error {
  override readonly name = 'NoData'
}

function backendData({ url, grpc, ...settings }: Backend): TranscodedBackend {
  if (grpc === undefined || settings.limitBytes > MOST_MESSAGE_BYTES) throw new NoData()
  const { service, ...more } = grpc
  return {
    url: url.href,
    service: service.typeName,
    descriptors: setOf([service.file]),
    grpc: checked(more),
    settings: checked(settings),
  }
}

function backendOf({ url, service, descriptors, grpc, settings }: TranscodedBackend): Backend {
  return {
    ...settings,
    url: new URL(url),
    grpc: { ...grpc, service: registryOfSet(descriptors).getService(service)! },
  }
}

function routeData(route: Route): TranscodedRouteData {
  if (route.kind !== 'transcoded') throw new NoData()
  const { descriptors, before = [], after = [], ...options } = route.options as TranscodeOptions<Backends>
  if (before.length + after.length > 0) throw new NoData()
  return {
    backend: route.backend,
    descriptors: descriptors === undefined ? null : setOf([...descriptors].map(fileOf)),
    options: checked(options),
  }
}

const fileOf = (type: Registry extends Iterable<infer T> ? T : never): DescFile => type.file

/** With all that these import; made anew of what they are read from, options of other packages among it. */
function setOf(files: readonly DescFile[]): Uint8Array {
  const all = new Map<string, DescFile>()
  const add = (file: DescFile): void => {
    if (all.has(file.name)) return
    all.set(file.name, file)
    file.dependencies.forEach(add)
  }
  files.forEach(add)
  const file = [...all.values()].map(({ proto }) => proto)
  return toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file }))
}

/** As it is, where a thread that is told of it has the very same: nothing that is computed when it is read, nor of a class. */
function checked<T extends object>(value: T): T {
  let again: unknown
  try {
    again = structuredClone(value)
  } catch {
    throw new NoData()
  }
  if (hasAccessors(value) || !isDeepStrictEqual(again, value)) throw new NoData()
  return value
}

function hasAccessors(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return Object.values(Object.getOwnPropertyDescriptors(value)).some(
    one => one.get !== undefined || one.set !== undefined || hasAccessors(one.value),
  )
}

function bytesOf({ backends, routes }: Transcoding): number {
  const all = [...Object.values(backends), ...routes]
  return all.reduce((bytes, { descriptors }) => bytes + (descriptors?.length ?? 0), 0)
}

/** What clients are offered is the same by either: methods, rules, documents, and the types that `Any` may have. */
const isSame = (again: Gateway, gateway: Gateway): boolean =>
  isDeepStrictEqual(manifestOf(again), manifestOf(gateway)) &&
  isDeepStrictEqual(again.routes.map(typesOf), gateway.routes.map(typesOf))

const typesOf = (route: Route): readonly string[] =>
  [...(((route as TranscodedRoute).options as TranscodeOptions<Backends>).descriptors ?? [])]
    .map(({ kind, typeName }) => `${kind} ${typeName}`)
    .toSorted()
