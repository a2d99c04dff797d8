import type { RoleName } from '../model/kind.ts'
import { isDeepStrictEqual } from 'node:util'
import type { Condition } from '../model/resource.ts'
import type { Contribution, GatewayStatus } from './contribution.ts'
import { declaredBy } from './declared.ts'
import { Placed } from './placed.ts'
import type { Origin } from './origin.ts'
import type { SnapshotParts } from './snapshot.ts'

export interface Contributed extends Contribution {
  readonly role: RoleName
}

/** All contributions together, and what is to be said of them. */
export interface Translation extends Required<Omit<Contribution, 'attach' | 'close' | keyof SnapshotParts>> {
  readonly parts: SnapshotParts
}

/**
 * Lays what roles contribute together, in their order. Pure; the result is frozen. Of two that want one port, or mean
 * different things by the name of a cluster, the first has it, and the other's objects have a condition `Conflicted`.
 * What nothing is attached to stays the object that it was. `faults` are of filters that cannot be compiled.
 */
export function merge(contributions: readonly Contributed[], faults: readonly Condition[] = []): Translation {
  const conflicts: Condition[] = []
  const ports = uniquePorts(contributions, conflicts)
  const clusters = uniqueClusters(contributions, conflicts)
  const placed = new Placed(contributions)
  const due = contributions.flatMap(({ dueMs = null }) => (dueMs === null ? [] : [dueMs]))
  const certificates = contributions.flatMap(one => Object.entries(one.certificates ?? {}))
  return freeze({
    parts: {
      ports: placed.on(ports.map(({ value }) => value)),
      clusters: clusters.map(({ value }) => value),
      endpoints: Object.fromEntries(
        clusters.map(({ value: { name }, by }) => [name, by.endpoints?.[name] ?? []]),
      ),
      // Each is named after the object that holds it, so that two of one name are one.
      ...(certificates.length === 0 ? {} : { certificates: Object.fromEntries(certificates) }),
    },
    conditions: [...contributions.flatMap(({ conditions }) => conditions), ...conflicts, ...faults],
    problems: [...contributions.flatMap(({ problems = [] }) => problems), ...placed.problems()],
    // Names of tables begin with what they are for, so that no two roles mean one.
    tables: Object.fromEntries(contributions.flatMap(({ tables = {} }) => Object.entries(tables))),
    wants: Object.fromEntries(contributions.flatMap(({ wants = {} }) => Object.entries(wants))),
    gateways: contributions.flatMap(({ gateways = [] }): readonly GatewayStatus[] => gateways),
    dueMs: due.length === 0 ? null : Math.min(...due),
    expiresMs: new Map(contributions.flatMap(({ expiresMs = [] }) => [...expiresMs])),
  })
}

interface Owned<T> {
  readonly value: T
  readonly by: Contributed
}

function uniquePorts(contributions: readonly Contributed[], conflicts: Condition[]) {
  return unique(
    contributions,
    ({ ports = [] }) => ports,
    ({ key }) => key,
    (port, first) => {
      const holder = first.value.listeners[0]?.origin.resource ?? ''
      for (const { origin } of port.listeners)
        conflicts.push(conflict(origin, `${port.key} is listened on for ${holder}, of role ${first.by.role}`))
    },
  )
}

function uniqueClusters(contributions: readonly Contributed[], conflicts: Condition[]) {
  return unique(
    contributions,
    ({ clusters = [] }) => clusters,
    ({ name }) => name,
    (cluster, first) => {
      if (!isDeepStrictEqual(cluster, first.value))
        conflicts.push(
          conflict(
            cluster.origin,
            `role ${first.by.role} sends to ${cluster.name} in another way, and that counts`,
          ),
        )
    },
  )
}

/** The first of each key, with who has contributed it; `again` is told of the others. */
function unique<T>(
  contributions: readonly Contributed[],
  of: (one: Contributed) => readonly T[],
  keyOf: (value: T) => string,
  again: (value: T, first: Owned<T>) => void,
): readonly Owned<T>[] {
  const all = new Map<string, Owned<T>>()
  for (const by of contributions)
    for (const value of of(by)) {
      const first = all.get(keyOf(value))
      if (first === undefined) all.set(keyOf(value), { value, by })
      else again(value, first)
    }
  return [...all.values()]
}

function conflict(origin: Origin, message: string): Condition {
  return { ...declaredBy(origin), type: 'Conflicted', status: 'True', reason: 'TakenByOtherRole', message }
}

/** All the way down; what is frozen already has been gone through. */
function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.freeze(value)
  for (const part of Object.values(value)) freeze(part)
  return value
}
