import type { Origin } from '../../snapshot/origin.ts'
import type { FilterConfig } from '../../snapshot/rule.ts'
import type { Exception } from '../exceptions.ts'
import type { ConditionConfig } from './condition-table.ts'

/** What is allowed and denied at one scope: a Gateway, a listener, a route, a rule or an API, with all policies that are for it. */
export interface AuthorizationConfig extends FilterConfig {
  readonly type: 'authorization'
  /** For people: `Gateway default/front`, `API default/petstore`. */
  readonly scope: string
  readonly policies: readonly PolicyConfig[]
  /** The table that has the names of applications and accounts; null: there is none, and they are known by id alone. */
  readonly applications: string | null
}

export interface PolicyConfig {
  /** `default/writers` */
  readonly policy: string
  readonly origin: Origin
  /** What it would deny is counted and logged, and passes. */
  readonly dryRun: boolean
  readonly except: readonly Exception[]
  readonly rules: readonly RuleConfig[]
}

export interface RuleConfig {
  readonly name: string
  readonly action: 'allow' | 'deny'
  readonly from: FromConfig
  readonly to: ToConfig
  /** All must hold. */
  readonly when: readonly ConditionConfig[]
}

/** Who asks: what is not null must fit, of each list one member. */
export interface FromConfig {
  /** Identity.principal, or its beginning and `*`; `*` alone is anybody who is known. */
  readonly principals: readonly string[] | null
  /** UUIDs, or `account/application`. */
  readonly applications: readonly string[] | null
  /** UUIDs, or names. */
  readonly accounts: readonly string[] | null
  /** `default/gold` */
  readonly plans: readonly string[] | null
  readonly products: readonly string[] | null
  /** Each is a set of scopes that are all needed (RFC 6749 §3.3 writes it with spaces). */
  readonly scopes: readonly (readonly string[])[] | null
  /** Each must have one of its values. */
  readonly claims: readonly ClaimConfig[] | null
  /** Of the client after trusted hops: addresses and CIDRs. */
  readonly addresses: readonly string[] | null
  /** Whether nobody is known to ask. */
  readonly anonymous: boolean | null
}

export interface ClaimConfig {
  /** Of the whole claim, or of one within others with dots between. */
  readonly name: string
  readonly values: readonly string[]
}

/** What for: what is not null must fit, of each list one member. */
export interface ToConfig {
  /** Of the API's document. */
  readonly operations: readonly string[] | null
  readonly methods: readonly string[] | null
  readonly paths: readonly PathConfig[] | null
  /** Canonical; `*.example.com` is what is below. */
  readonly hosts: readonly string[] | null
}

export interface PathConfig {
  /** A prefix takes whole segments; without a trailing slash, every path being below "". Canonical. */
  readonly type: 'exact' | 'prefix'
  readonly value: string
}
