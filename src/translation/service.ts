import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Resources } from '../model/resources.ts'
import type { Logger } from '../telemetry/log.ts'
import type { MetricsWriter } from '../telemetry/metrics.ts'
import type { Clock } from '../upstream/clock.ts'

/** Something of a role that runs beside the data plane, on the main thread: a watcher, an Admin API, a store. */
export interface RoleService {
  /** For the log. */
  readonly name: string
  /** Once, before anything is served; what takes long goes on by itself. */
  start(): void | Promise<void>
  /** What is in force in all workers now, after each change. `wants` are of the contributions. */
  applied?(wants: Wants, resources: Resources): void
  /** The process ends: nothing new begins, and what is under way is brought to an end. Awaited. */
  stop(): void | Promise<void>
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
  /** Serves a path of the admin listener; one that ends in "/" is all that begin so. Throws where it is taken. */
  serve(path: string, answer: AdminAnswer): void
}

export interface ServiceSettings {
  /** What survives a restart of this process, and belongs to it alone. */
  readonly dataDir: string
  /** Accounts with authorities and their certificates, which replicas may share. */
  readonly certificatesDir: string
}

export type AdminAnswer = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>
