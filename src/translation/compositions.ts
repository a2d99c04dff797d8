import { PORTCULLIS } from '../model/kind.ts'
import type { Resource, ResourceRef } from '../model/resource.ts'
import type { FilterPart, FilterShape } from '../shared/crossing/filtering.ts'

/**
 * What several roles know of compositions and filters: what their bundles say is a fact, by `bundleKey`, and which clusters their
 * backends are is wanted, so that a thread of a bundle gets these and no others.
 */
export const BUNDLES = 'bundles'
export const BUNDLE_BACKENDS = 'bundle-backends'

/** The fact BUNDLES, as far as it is of what other roles are to know. */
export type DeclaredBundles = ReadonlyMap<string, DeclaredBundle>

export interface DeclaredBundle {
  readonly backends: readonly BundleBackend[]
  /** Of a filter; null where nobody knows what it does. */
  readonly filter: FilterShape | null
  /** Why the code as it is now cannot be loaded, or null. */
  readonly fault: string | null
}

/** The fact BUNDLES, as far as it is of the APIs that are composed. */
export type DeclaredApis = ReadonlyMap<string, DeclaredApi>

export interface DeclaredApi {
  /** The same object until the code is another; null where none could be loaded. */
  readonly manifest: {
    /** OpenAPI 3.1 */
    readonly openapi: object
    readonly routes: readonly ComposedRoute[]
  } | null
  /** Why the code as it is now cannot be loaded; null where it can. */
  readonly fault: string | null
}

/** A route of the API of a composition. */
export interface ComposedRoute {
  readonly kind: string
  /** `*` of one that takes any. */
  readonly method: string
  readonly path: string
  readonly operationId: string
  /** Null where it has none. */
  readonly timeoutMs: number | null
  /** What it declares; null: it may call whatever its composition has. */
  readonly calls:
    | readonly { readonly backend: string; readonly method: string; readonly path: string }[]
    | null
  /** Of a method of gRPC: how it is reached beside its rule. */
  readonly transcoded?: { readonly route: number; readonly byName: boolean; readonly socket: boolean }
}

/** A backend as a bundle declares it. */
export interface BundleBackend {
  readonly name: string
  /** Absolute. */
  readonly url: string
  /** `rest`, `http`, `grpc`, `websocket`: what is spoken there. */
  readonly protocol: string
}

/** What is wanted by BUNDLE_BACKENDS: of each bundle (`bundleKey`) the cluster of each backend that has one, by name. */
export type BackendClusters = Readonly<Record<string, Readonly<Record<string, string>>>>

/**
 * The cluster whose endpoints are the threads of a composition's bundle, or a filter's. Which bodies a filter is given is
 * part of the name: an exchange that has begun asks by what was in force then, and code that does otherwise is elsewhere.
 */
export function threadsCluster(
  { kind, metadata: { namespace, name } }: Pick<Resource, 'kind' | 'metadata'>,
  shape: FilterShape | null = null,
): string {
  const bodies = Object.entries(shape ?? {}).flatMap(([phase, part]: [string, FilterPart | null]) =>
    part === null || part.body === 'none' ? [] : [`${phase} ${part.body}`],
  )
  return `${kind}/${namespace}/${name}${bodies.length === 0 ? '' : ` (${bodies.join(', ')})`}`
}

/** By which the facts of a bundle are known: `default/home` of a composition, `filter/default/tenant` of a filter. */
export function bundleKey({
  kind,
  metadata: { namespace, name },
}: Pick<Resource, 'kind' | 'metadata'>): string {
  return kind === 'Filter' ? `filter/${namespace}/${name}` : `${namespace}/${name}`
}

/** Whether a reference is to a composition. */
export function isComposition({ group, kind }: Pick<ResourceRef, 'group' | 'kind'>): boolean {
  return group === PORTCULLIS && kind === 'Composition'
}
