import { FilterTable } from '../filters/compile.ts'
import type { FilterType } from '../filters/filter.ts'
import type { ResourceKind, RoleName } from '../model/kind.ts'
import type { ResourceRef } from '../model/resource.ts'
import type { Resources } from '../model/resources.ts'
import type { Contribution } from '../snapshot/contribution.ts'
import { merge, type Translation } from '../snapshot/merge.ts'
import { compileFaults } from './compile-faults.ts'
import type { GatewayServiceSettings } from './gateway-services.ts'
import type { Facts, RoleService, ServiceKit } from './service.ts'
import type { Snapshot, SnapshotParts } from '../snapshot/snapshot.ts'

/**
 * One of the four roles, as a value: what it reads, and what it makes of that. The data plane never asks which roles
 * exist; only the room that assembles them does.
 */
export interface Role {
  readonly name: RoleName
  readonly kinds: readonly ResourceKind[]
  /** What its contributions may name. The list is in a file of its own: workers need it, and nothing of the translation. */
  readonly filters?: readonly FilterType[]
  /** Pure: no I/O, no clock, inputs are frozen and the result is data. What cannot be served is a condition, never an exception. */
  translate(resources: Resources, options: TranslateOptions): Contribution
  /**
   * What `translate` is to know and files of ours do not say, for who translates once and runs nothing (`check`,
   * `explain`). Where the role runs its services give the same.
   */
  discover?(resources: Resources): Promise<Facts>
  /** What runs beside the data plane. */
  services?(kit: ServiceKit): readonly RoleService[]
  /** Puts the lines of a backup into the store of this URL or file, which must be empty, and nobody may run on. How many rows it were. */
  readonly restore?: (url: string, lines: AsyncIterable<string>) => Promise<number>
  /** What hashes of credentials are made under, in this folder of secrets. Absent: the role has none. */
  readonly peppers?: (secretsDir: string) => Promise<PeppersKeeper>
  /** The short way of endpoints. Absent: the role has none. */
  readonly endpoints?: EndpointsOnly
}

/** Versions of peppers in a file. Each throws where it cannot be done, and says why. */
export interface PeppersKeeper {
  readonly file: string
  read(): { readonly current: number; readonly versions: readonly number[] }
  /** The first; only where there is no file. */
  make(): void
  /** One more, which nothing is made under yet; answers its number. */
  add(): number
  /** What is made from now on is made under this one. */
  use(version: number): void
  /** What was made under it can never be verified again. */
  drop(version: number): void
}

/** Endpoints are where requests can be served now: they do not wait for the translation of everything. */
export interface EndpointsOnly {
  /** Whether what differs changes endpoints of clusters and nothing else. */
  onlyEndpointsDiffer(before: Resources, after: Resources): boolean
  /** The endpoints of the clusters of this snapshot, as the resources have them. */
  endpointsOnly(resources: Resources, snapshot: Snapshot): SnapshotParts['endpoints']
}

/** What the operator says of translation. */
export interface TranslateSettings {
  /** IP addresses for Gateways that name none themselves; absent or empty: every address of the machine. */
  readonly addresses?: readonly string[]
  /** Kinds that nobody here knows, and that are left out although they may protect something. */
  readonly ignoredKinds?: readonly IgnoredKind[]
  /** Names of annotations of other controllers that may protect, and are done without; `prefix/*` for all of one. */
  readonly ignoredAnnotations?: readonly string[]
  /** Where Ingresses are served; absent: 80 and 443. */
  readonly ingressPorts?: IngressPorts
  /** Each Gateway has a Service, and so ports, of its own; absent: all are reached in one way. */
  readonly gatewayServices?: GatewayServiceSettings
  /** The Gateway whose data plane this process is part of, and nothing else; absent: it serves all that have none. */
  readonly onlyGateway?: Pick<ResourceRef, 'namespace' | 'name'>
}

export interface TranslateOptions extends TranslateSettings {
  /** Now, in milliseconds since 1970, to tell which certificates are valid; absent, all are. */
  readonly nowMs?: number
  /** What services have found out; none where nothing runs, as in `check`. */
  readonly facts?: Facts
}

/** The ports for HTTP, and for HTTP over TLS. */
export interface IngressPorts {
  readonly http: number
  readonly https: number
}

export interface IgnoredKind {
  readonly kind: string
  /** Null: of any group. */
  readonly group: string | null
}

/** What all roles find out. */
export async function discoverAll(roles: readonly Role[], resources: Resources): Promise<Facts> {
  const found = await Promise.all(roles.map(async role => await role.discover?.(resources)))
  return Object.assign({}, ...found) as Facts
}

/** What all roles make of the resources, in their order. Pure, as they are. */
export function translateAll(
  roles: readonly Role[],
  resources: Resources,
  options: TranslateOptions = {},
): Translation {
  const contributions = roles.map(role => ({ ...role.translate(resources, options), role: role.name }))
  const types = new FilterTable(roles.flatMap(({ filters = [] }) => filters))
  return merge(contributions, compileFaults(contributions, types))
}
