/**
 * What a worker and the bundle of a Filter tell each other of a request, as JSON in a field of the request that crosses
 * and of its answer (`FILTERING`). Bodies cross as bodies do.
 */

/** Whether a filter is given a body: not, all of it at once, or piece by piece as it comes. */
export type BodyUse = 'none' | 'held' | 'stream'

/** One of the two functions of a filter. */
export interface FilterPart {
  readonly body: BodyUse
  /** Of a body that is held. */
  readonly limitBytes: number
}

/** What a bundle does; null: not. */
export interface FilterShape {
  readonly request: FilterPart | null
  readonly response: FilterPart | null
}

/** What a filter is asked. Fields are name, value, name, value …, of the request as it is at its place. */
export interface FilterCall {
  readonly phase: keyof FilterShape
  readonly id: string
  readonly method: string
  readonly scheme: string
  /** With its port, where the client sent one. */
  readonly host: string
  readonly path: string
  /** With its leading "?", or "". */
  readonly query: string
  readonly fields: readonly string[]
  /** The client's address. */
  readonly client: string
  /** Rule.id */
  readonly route: string
  /** What of the body has crossed, or is to once it goes on, as the worker knows the filter: code that has another use of it may not judge. */
  readonly body: BodyUse
  /** What its request left for its response, as JSON; absent for nothing. */
  readonly state?: unknown
  /** In the phase of that name. `failure`: by what the gateway made it, or null. */
  readonly response?: {
    readonly status: number
    readonly fields: readonly string[]
    readonly failure: string | null
  }
}

/** How a head is to change: `set` and `add` have a value, `remove` has "". */
export type FieldChange = readonly [how: 'set' | 'add' | 'remove', name: string, value: string]

/** It goes on. What is absent stays as it is; with `body` what crosses back is in place of the body that crossed, or does from now on. */
export interface Passes {
  readonly kind: 'pass'
  readonly path?: string
  readonly query?: string
  readonly status?: number
  readonly changes?: readonly FieldChange[]
  readonly state?: unknown
  readonly body?: true
}

/** It is answered: the body crosses back. */
export interface Answers {
  readonly kind: 'answer'
  readonly status: number
  readonly fields: readonly string[]
}

/** It fails by a name of http/failures.ts. */
export interface Fails {
  readonly kind: 'fail'
  readonly failure: string
  readonly detail: string
  readonly fields: readonly string[]
}

export type FilterVerdict = Passes | Answers | Fails

/** The one field of a request that crosses to a filter, and of its answer. */
export const FILTERING = 'portcullis-filtering'
