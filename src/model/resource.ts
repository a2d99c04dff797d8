/** Where an object was written; `file` as the user named it, line and column from 1. Line 0: of a cluster, which has no lines. */
export interface Position {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** A path into an object: `['spec', 'rules', 0, 'filters']`, shown as `spec.rules[0].filters`. */
export type FieldPath = readonly (string | number)[]

export interface Metadata {
  readonly name: string
  /** Always set; objects from files without one are in `default`. Cluster-scoped kinds have "". */
  readonly namespace: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly generation?: number
  /** RFC 3339. Objects from files have none; their order is the order of reading. */
  readonly creationTimestamp?: string
}

/**
 * One declared object, validated against its kind's schema and frozen. `body`
 * is everything beside apiVersion, kind, metadata and status: `{ spec }` for
 * most kinds, `{ data, type }` for Secrets.
 */
export interface Resource<Body = unknown> {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: Metadata
  readonly body: Body
  /** Tells the position of a field, or of its nearest parent that was written down. */
  readonly at: (path: FieldPath) => Position | null
}

/** Names one object. `group` is "" for core kinds. */
export interface ResourceRef {
  readonly group: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
}

/** The key by which objects are told apart: `HTTPRoute.gateway.networking.k8s.io/default/items`, `Service/default/items`. */
export type ResourceKey = string

/** One thing wrong with an input. Serialised by `formatProblem` as `FILE:LINE:COLUMN kind/name spec.path: what is wrong, what is expected`. */
export interface Problem {
  readonly severity: 'error' | 'warning'
  readonly position: Position | null
  /** The object, where one could be told. */
  readonly resource: ResourceRef | null
  readonly path: FieldPath
  readonly message: string
  /** One word for programs, as conditions have it: `NoEndpoints`. Absent of what is wrong with the text or its fields. */
  readonly reason?: string
  /** An object that it speaks of, whether or not there is one. */
  readonly refers?: ResourceRef
}

/**
 * A status condition, as Gateway API defines them. `about` is the object that
 * carries it; `parent` (for routes and policies) the parentRef or targetRef it
 * speaks of; `listener` the listener name for conditions of a Gateway's listener.
 */
export interface Condition {
  readonly about: ResourceRef
  readonly parent?: ResourceRef & { readonly sectionName?: string; readonly port?: number }
  readonly listener?: string
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
  /** The field that the condition speaks of, where there is one. */
  readonly path?: FieldPath
  readonly position?: Position | null
  /** Set where it is only the consequence of something that is told elsewhere: of an object that was refused. */
  readonly follows?: true
  /** Set where several sources have the object, and it speaks of that of one that is not in force: the name of that source. */
  readonly source?: string
  /** All that it speaks of, each with its place, where that is more than one thing; the message has the first of them. */
  readonly flaws?: readonly ConditionFlaw[]
}

export type ConditionFlaw = Required<Pick<Condition, 'reason' | 'message' | 'path'>> &
  Pick<Condition, 'position' | 'follows'>
