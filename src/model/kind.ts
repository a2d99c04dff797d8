import type { TSchema } from 'typebox'
import type { Violation } from './kinds/shapes.ts'
import type { Resource } from './resource.ts'
import type { Targeting } from './targets.ts'

/** Whose field of work something is (ARCHITECTURE.md). */
export type RoleName = 'ingress' | 'management' | 'composition' | 'mesh'

/** One kind that can be declared, as a value: what finds its objects, and gives them their type. */
export interface ResourceKind<R extends Resource = Resource> {
  /** "" for core kinds. */
  readonly group: string
  /** The first is the one that we name in messages; all have the same schema. */
  readonly versions: readonly [string, ...string[]]
  /** Unique among the kinds that we read; other groups have some of these names too. */
  readonly kind: string
  readonly plural: string
  readonly scope: 'Namespaced' | 'Cluster'
  readonly role: RoleName
  /** Of the body: everything beside apiVersion, kind, metadata and status. */
  readonly schema: TSchema
  /** What the schema cannot say. Called with bodies that passed the schema only. */
  rules?(body: R['body']): readonly Violation[]
  /** Those of `rules` that an API server can hold, which is asked first in a cluster. */
  readonly cel?: readonly CelRule[]
  /** Fields that are known, and valid, and not acted upon by this release. */
  readonly unserved?: readonly Unserved[]
  /** What it targets must not be served without it. */
  readonly protects?: true
  /** What its objects are for, where `targetRefs` do not say it; null where that cannot be read. */
  targets?(spec: unknown, namespace: string): Targeting | null
  /** How clients or backends are treated: `explain` names its objects beside what they limit. */
  readonly limits?: 'clients' | 'backends'
}

/**
 * A rule in the language of API servers (x-kubernetes-validations of a CustomResourceDefinition). Fields that
 * may be left out are to be asked for by `has`: there are no defaults in what is kept.
 */
export interface CelRule {
  /** Into the body, to what is `self` in the rule: `spec.targetRefs.*`, where `*` is every element of a list or map. */
  readonly path: string
  readonly rule: string
  readonly message: string
}

/**
 * A field that users may write and that this release does not act upon. Translation says so in a
 * condition: known, not served yet, never silently ignored.
 */
export interface Unserved {
  /** Into the body; `*` stands for every element of a list. */
  readonly path: readonly string[]
  /** Only these values are not served; absent: the field as such. */
  readonly values?: readonly string[]
  readonly note: string
}

/** `path` as it is written in messages: `spec.loadBalancing.type`. */
export function later(path: string, note: string, values?: readonly string[]): Unserved {
  return { path: path.split('.'), note, ...(values && { values }) }
}

/** The groups of the kinds that are not Kubernetes' own. */
export const GATEWAY_API = 'gateway.networking.k8s.io'
/** Of what it tries out. */
export const GATEWAY_API_EXPERIMENTS = 'gateway.networking.x-k8s.io'
export const PORTCULLIS = 'portcullis.dev'

/** The group of an apiVersion: `portcullis.dev` of `portcullis.dev/v1alpha1`, "" of `v1`. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/')
  return slash < 0 ? '' : apiVersion.slice(0, slash)
}

/** Whether an object is of this kind, in any of its versions. */
export function isKind<R extends Resource>(resource: Resource, kind: ResourceKind<R>): resource is R {
  return resource.kind === kind.kind && groupOf(resource.apiVersion) === kind.group
}
