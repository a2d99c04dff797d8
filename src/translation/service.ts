import type { AdminAnswer } from '../api/answer.ts'
import type { Accounts } from '../api/access.ts'
import type { ApiPart } from '../api/api.ts'
import type { Kinds } from '../model/kinds.ts'
import type { Condition, Problem } from '../model/resource.ts'
import type { Resources } from '../model/resources.ts'
import type { Counters, Whose } from '../shared/counters.ts'
import type { SharedTables } from '../shared/tables.ts'
import type { Logger } from '../telemetry/log.ts'
import type { Guest, GuestOptions } from '../proxy/guest.ts'
import type { LodgerGroup } from '../proxy/lodger-group.ts'
import type { Span } from '../telemetry/spans/span.ts'
import type { MetricsWriter } from '../telemetry/metrics.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import type { Clock } from '../upstream/clock.ts'
import type { Verdicts } from '../upstream/verdicts.ts'
import type { Source } from './source.ts'

/** Something of a role that runs beside the data plane, on the main thread: a watcher, an Admin API, a store. */
export interface RoleService {
  /** For the log. */
  readonly name: string
  /** Once, before anything is served; what takes long goes on by itself. */
  start(): void | Promise<void>
  /** Declared objects that it has, behind those of all sources before it. */
  readonly source?: Source
  /** What is in force in all workers now, after each change. `wants` are of the contributions. */
  applied?(wants: Wants, resources: Resources): void
  /** What is in force is served, as far as that is this service's: who starts the process waits for it a while. */
  ready?(): Promise<void>
  /** The process ends: nothing new begins, and what is under way is brought to an end. Awaited. */
  stop(): void | Promise<void>
  /** Behind that: workers have drained, and what they told has been heard. */
  ended?(): void | Promise<void>
}

/** What translation wants of services, by a name that both know: which certificates to obtain. Never sent to workers. */
export type Wants = Readonly<Record<string, unknown>>

/** What services have found out and translation is to know, by a name that both know: certificates that were obtained. */
export type Facts = Readonly<Record<string, unknown>>

/** What a service is given. */
export interface ServiceKit {
  readonly log: Logger
  /** `now` in milliseconds since 1970. */
  readonly calendar: Clock
  readonly metrics: MetricsWriter
  readonly settings: ServiceSettings
  /**
   * From the next translation on the facts have this; undefined takes it away. Resolves when that is in force in every
   * worker. The value is not to be changed afterwards.
   */
  give(fact: string, value: unknown): Promise<void>
  /** Rows that filters look up and that are of no translation: in all workers at once. Names begin with what they are for. */
  readonly tables: Pick<SharedTables, 'patch' | 'replace'>
  /** Numbers of one purpose, as the kits of filters have them; times are those of `sharedUs`. */
  counters(name: string, whose?: Whose): Counters
  /** Microseconds that mean the same in all threads. */
  sharedUs(): number
  /** What filters tell on this channel (Kit.tell); `worker` is the number of one thread, which may be used again. */
  listen(channel: string, hear: (message: unknown, worker: number) => void): void
  /** Null before the first. */
  declared(): Declared | null
  /** What workers run now, endpoints included; null before the first. */
  served(): Pick<Snapshot, 'clusters' | 'endpoints' | 'certificates'> | null
  /** What checks have found of endpoints: to all workers, those that are still to begin among them. */
  tellVerdicts(verdicts: Verdicts): void
  /** Begins threads that are part of the data plane and have no ports, or what is the same in the threads of workers. */
  readonly threads: { begin(options: GuestOptions): Guest; lodge(data: object): LodgerGroup }
  /** What is said of this process where spans go: attributes by the semantic conventions, and our version. */
  readonly process: { readonly resource: Span['attributes']; readonly version: string }
  /** Every kind that is read. */
  readonly kinds: Kinds
  /** Serves a path of the admin listener; one that ends in "/" is all that begin so. Throws where it is taken. `isOpen`: to everybody who reaches it. */
  serve(path: string, answer: AdminAnswer, isOpen?: boolean): void
  /** Adds routes to the Admin API. */
  addApi(part: ApiPart): void
  /** Says who keeps accounts; once. */
  keepAccounts(accounts: Accounts): void
}

/** What is in force, and what is said of it. */
export interface Declared {
  readonly resources: Resources
  readonly conditions: readonly Condition[]
  readonly problems: readonly Problem[]
}

export interface ServiceSettings {
  /** What survives a restart of this process, and belongs to it alone. */
  readonly dataDir: string
  /** Whether `dataDir` is ours: another process may have it, or nobody may write there. */
  readonly hasData: boolean
  /** Keys and tokens of the gateway itself. */
  readonly secretsDir: string
  /** What this place is called (`live`): part of a key's prefix. */
  readonly environment: string
  /** Where records are: `postgres://…`; "" for a file in `dataDir`. */
  readonly store: string
  /** Where several gateways count together: `redis://…`; "" for nowhere. */
  readonly counters: string
  /** Accounts with authorities and their certificates, which replicas may share. */
  readonly certificatesDir: string
}
