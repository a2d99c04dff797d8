import type { KindName } from '../model/kinds.ts'
import type { Condition, Problem, ResourceRef } from '../model/resource.ts'
import type { Resources } from '../model/resources.ts'
import type { RoleName, SnapshotParts } from './snapshot.ts'

/**
 * One of the four roles, as a value: what it reads, and how it turns that into
 * parts of a snapshot. The data plane never asks which roles exist; only the
 * room that assembles them does.
 */
export interface Role {
  readonly name: RoleName
  readonly kinds: readonly KindName[]
  /** Pure: no I/O, no clock, inputs are frozen and the result is. What cannot be served is a condition, never an exception. */
  translate(resources: Resources, options: TranslateOptions): Translation
}

export interface TranslateOptions {
  /** IP addresses for Gateways that name none themselves; absent or empty: every address of the machine. */
  readonly addresses?: readonly string[]
  /** Now, in milliseconds since 1970, to tell which certificates are valid; absent, all are. */
  readonly nowMs?: number
  /** Kinds that nobody here knows, and that are left out although they may protect something. */
  readonly ignoredKinds?: readonly IgnoredKind[]
}

export interface IgnoredKind {
  readonly kind: string
  /** Null: of any group. */
  readonly group: string | null
}

export interface Translation {
  readonly parts: SnapshotParts
  readonly conditions: readonly Condition[]
  /** What is in order by its kind, and would only ever answer an error, or does something else than it seems to. */
  readonly problems: readonly Problem[]
  /** What a Gateway's status says beside its conditions. */
  readonly gateways: readonly GatewayStatus[]
  /** When the same resources come to something else, for a certificate begins or ceases to be valid; null: never. */
  readonly dueMs: number | null
  /** When what is in a Secret or ConfigMap (its key) ceases to be of use, in milliseconds since 1970; also where that is past. */
  readonly expiresMs: ReadonlyMap<string, number>
}

export interface GatewayStatus {
  readonly about: ResourceRef
  /** IP addresses that it listens on; empty for every address of the machine, and for a Gateway that is not served. */
  readonly addresses: readonly string[]
  readonly listeners: readonly ListenerStatus[]
}

/** Gateway API ListenerStatus, without its conditions. */
interface ListenerStatus {
  readonly name: string
  /** Accepted routes that the listener takes; counted also where the listener itself is not served, as the standard says. */
  readonly attachedRoutes: number
  readonly supportedKinds: readonly { readonly group: string; readonly kind: string }[]
}
