import type { FieldPath } from './resource.ts'

/** Labels that an object must have (meta/v1 LabelSelector's matchLabels). */
export type MatchLabels = Readonly<Record<string, string>>

export interface Named {
  /** Null where it is not said: then any. */
  readonly group: string | null
  readonly kind: string
  /** A listener, a route rule or a Service port of it; absent: all of it. */
  readonly sectionName?: string
  readonly path: FieldPath
}

export interface TargetRef extends Named {
  readonly namespace: string
  readonly name: string
}

export interface TargetSelector extends Named {
  /** Null: any namespace. */
  readonly namespace: string | null
  readonly labels: MatchLabels
}

/** What an object of whatever kind says that it is for. */
export interface Targeting {
  readonly refs: readonly TargetRef[]
  readonly selectors: readonly TargetSelector[]
  /** Istio's: the labels of the workloads that it is enforced by, none for all of its namespace. */
  readonly workload?: MatchLabels
}
