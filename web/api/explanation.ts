import type { Filter, Match } from '../../src/admin/shapes/rule.ts'
import type { Origin } from '../../src/api/shapes/declared.ts'

export interface ExplainedRoute {
  readonly id: string
  readonly origin: Origin
  readonly hostname: string
  readonly match: Match
  readonly action: unknown
  readonly clusters: Readonly<
    Record<
      string,
      {
        readonly endpoints: readonly { readonly address: string; readonly port: number }[]
        /** Of a composition. */
        readonly composed?: Composed
      }
    >
  >
}

/** What a composition would do with the request. */
export interface Composed {
  readonly code: string
  /** Whether it could be loaded. */
  readonly isKnown: boolean
  readonly route: {
    readonly method: string
    readonly path: string
    readonly calls:
      | readonly { readonly backend: string; readonly method: string; readonly path: string }[]
      | null
  } | null
  readonly backends: readonly {
    readonly name: string
    readonly url: string
    readonly cluster: string | null
  }[]
}

/** Something that a filter has found out of the request. */
export interface Fact {
  readonly name: string
  readonly value: FactValue
}

export type FactValue =
  | string
  | number
  | boolean
  | null
  | readonly FactValue[]
  | { readonly [name: string]: FactValue }

interface Decision {
  readonly outcome: 'passes' | 'refused' | 'unknown'
  readonly refusal: {
    readonly failure: string
    readonly status: number
    readonly title: string
    readonly detail: string
  } | null
  readonly unknown: readonly string[]
}

export type Explanation =
  | { readonly outcome: 'no-port'; readonly reason: string; readonly text: string }
  | { readonly outcome: 'refused'; readonly port: string; readonly reason: string; readonly text: string }
  | {
      readonly outcome: 'rejected'
      readonly port: string
      readonly status: number
      readonly rule: string
      readonly reason: string
      readonly text: string
    }
  | {
      readonly outcome: 'no-route' | 'routed'
      /** `others` may have fewer. */
      readonly othersCount: number
      readonly port: string
      readonly stream: 'passthrough' | 'terminate' | 'tcp' | 'udp' | null
      readonly request: {
        readonly method: string
        readonly host: string
        readonly path: string
        readonly query: string
      }
      readonly listeners: readonly {
        readonly name: string
        readonly taken: boolean
        readonly reason: string
      }[]
      readonly filters: readonly (Pick<Filter, 'type' | 'phase' | 'origin'> & {
        readonly summary?: string
        readonly excepted: unknown
        readonly facts: readonly Fact[]
      })[]
      /** Null where no filter may refuse it. */
      readonly decision: Decision | null
      readonly route: ExplainedRoute | null
      readonly others: readonly {
        readonly route: string
        readonly hostname: string
        readonly match: Match
        readonly outcome: string
        readonly reason: string
      }[]
      readonly text: string
    }
