import type { Condition, Problem, ResourceRef } from '../model/resource.ts'
import type { RowValue } from '../shared/table-writer.ts'
import type { Cluster, Endpoint } from './cluster.ts'
import type { Origin } from './origin.ts'
import type { FilterConfig } from './rule.ts'
import type { Port } from './snapshot.ts'
import type { Certificate } from './tls.ts'

/**
 * What one role makes of the declared objects: data, and nothing that refers to another role. `merge` lays the
 * contributions of all roles together.
 */
export interface Contribution {
  readonly ports?: readonly Port[]
  readonly clusters?: readonly Cluster[]
  /** By cluster name. */
  readonly endpoints?: Readonly<Record<string, readonly Endpoint[]>>
  /** As in Snapshot. */
  readonly certificates?: Readonly<Record<string, Certificate>>
  readonly attach?: readonly Attachment[]
  readonly close?: readonly Closed[]
  /** Rows that filters look up, by the name of their table and their key; whoever asks for a table is told so by its config. */
  readonly tables?: Readonly<Record<string, ReadonlyMap<string, RowValue>>>
  /** For services beside the data plane, and for who explains, by a name that both know. */
  readonly wants?: Readonly<Record<string, unknown>>
  readonly conditions: readonly Condition[]
  /** What is in order by its kind, and would only ever answer an error, or does something else than it seems to. */
  readonly problems?: readonly Problem[]
  /** What the status of a Gateway or a ListenerSet says beside its conditions. */
  readonly gateways?: readonly GatewayStatus[]
  /** When the same resources come to something else, for a certificate begins or ceases to be valid; null: never. */
  readonly dueMs?: number | null
  /** When what is in a Secret or ConfigMap (its key), or was obtained (its name in `certificates`), ceases to be of use, in milliseconds since 1970; also where that is past. */
  readonly expiresMs?: ReadonlyMap<string, number>
}

/** Where a filter stands, by the names that parts of a snapshot have. What is not there takes none. */
export type AttachPoint =
  /** `default/web`: every listener of this Gateway. */
  | { readonly gateway: string }
  /** `apps/extra`: every listener of this ListenerSet. */
  | { readonly listenerSet: string }
  /** Listener.name: requests of this listener, those that no route takes among them. */
  | { readonly listener: string }
  /** `httproute/default/items`: every rule of this route, on whatever listener. */
  | { readonly route: string }
  /** Rule.id. */
  | { readonly rule: string }
  /** `Service/default/items:80`, or without the port for all of its ports; `Backend/default/items`. */
  | { readonly backend: string }
  | 'all'

/** A filter at one place; of several there, all act, in the order of their phases and, within one, as they are given. */
export interface Attachment {
  readonly at: AttachPoint
  /** Its origin is the object that put it there. */
  readonly filter: FilterConfig
  /** What it cannot act on (the bytes of a TLSRoute) is not served without it. */
  readonly protects?: true
}

/** A place that is not to be served, since what would protect it is not in force: `protection_missing`. */
export interface Closed {
  readonly at: AttachPoint
  readonly origin: Origin
}

export interface GatewayStatus {
  readonly about: ResourceRef
  /** IP addresses that it listens on; empty for every address of the machine, and for a Gateway that is not served. */
  readonly addresses: readonly string[]
  /** From where these are reached, where the Gateway asks for that. */
  readonly routability?: 'Cluster'
  readonly listeners: readonly ListenerStatus[]
  /** How many ListenerSets of it are accepted; absent where none is. */
  readonly attachedListenerSets?: number
}

/** Gateway API ListenerStatus, without its conditions. */
interface ListenerStatus {
  readonly name: string
  /** Accepted routes that the listener takes; counted also where the listener itself is not served, as the standard says. */
  readonly attachedRoutes: number
  readonly supportedKinds: readonly { readonly group: string; readonly kind: string }[]
}
