import type { OwnZone } from '../../upstream/choice/place.ts'
import type { Collector } from '../../telemetry/spans/post.ts'
import type { ResourceRef } from '../../model/resource.ts'
import type { LogLevel } from '../../telemetry/log.ts'
import type { RoleSelection } from './role-selection.ts'
import type { TranslateSettings } from '../../translation/role.ts'
import type { GatewayServiceSettings } from '../../translation/gateway-services.ts'
import type { Published } from '../../kubernetes/status/published.ts'
import type { AccessLogTarget, HostPort } from './values.ts'

/** A cluster whose objects are served. */
export interface ClusterOptions {
  /** "": by the environment. */
  readonly kubeconfig: string
  /** "": the current one. */
  readonly context: string
  /** None: all. */
  readonly namespaces: readonly string[]
  readonly published: Published
  /** The Services that Gateways have, each its own; null: they have none. */
  readonly gatewayServices: GatewayServiceSettings | null
  /** Whether each of them has a name in its own namespace. */
  readonly gatewayAliases: boolean
  /** The Gateway that this process serves, and no other, as part of its data plane; null: all that have none. */
  readonly onlyGateway: Pick<ResourceRef, 'namespace' | 'name'> | null
  /** NAMESPACE/NAME of the Lease by which one replica writes statuses; "" for a namespace of its own. */
  readonly lease: { readonly namespace: string; readonly name: string }
}

/** What `run.ts` is given: every flag of `portcullis run`, checked. */
export interface RunOptions {
  /** Files and folders with resources, as named by the user. */
  readonly paths: readonly string[]
  /** null: files alone. */
  readonly cluster: ClusterOptions | null
  readonly roles: RoleSelection
  /** Worker threads; `auto` leaves the number to the machine's cores. */
  readonly workers: number | 'auto'
  /** null: not said. */
  readonly zone: OwnZone | null
  readonly dataDir: string
  /** Whether the user has named it: then it must be had. */
  readonly isDataNamed: boolean
  readonly certificatesDir: string
  /** "" is one in that of data. */
  readonly secretsDir: string
  readonly environment: string
  /** Of records; "": a file in that of data. */
  readonly store: string
  /** Where several gateways count together; "": nowhere. */
  readonly counters: string
  /** Of spans; null: nobody is told of any. */
  readonly collector: Collector | null
  /** Of the traces that begin here, how many are told: 0 to 1. */
  readonly tracesShare: number
  /** Of answers that are kept, of all workers together. */
  readonly cacheBytes: number
  /** null: no admin listener. */
  readonly admin: HostPort | null
  readonly logLevel: LogLevel
  readonly settings: TranslateSettings
  readonly accessLog: AccessLogTarget
  /** The last few thousand are kept in memory, to be looked at. */
  readonly recentRequests: boolean
}

export interface CheckOptions {
  /** `-` is standard input. */
  readonly paths: readonly string[]
  /** Warnings are errors. */
  readonly strict: boolean
  readonly roles: RoleSelection
  readonly settings: TranslateSettings
  readonly output: CheckFormat
}

export interface ExplainOptions {
  /** Upper case. */
  readonly method: string
  /** As typed, perhaps without a scheme: URL would normalise what the gateway must judge. */
  readonly url: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** IP address; absent where it is not said. */
  readonly client?: string
  readonly paths: readonly string[]
  readonly roles: RoleSelection
  readonly settings: TranslateSettings
  readonly output: OutputFormat
}

export type OutputFormat = 'text' | 'json'
/** `github` are workflow commands of GitHub Actions. */
export type CheckFormat = OutputFormat | 'github'
