import { Service } from '../../model/kinds/service.ts'
import type { Logger } from '../../telemetry/log.ts'
import type { Clock } from '../../upstream/clock.ts'
import { ApiError, type ApiClient } from '../client.ts'
import { pathOf, type Collection } from '../collection.ts'
import { Attempts, type Attempt } from '../status/attempts.ts'
import { DEPLOYMENTS } from './deployments.ts'

/** What is made for Gateways. */
export type MadeKind = 'Service' | 'Deployment' | 'PodDisruptionBudget'

export interface Write {
  readonly kind: MadeKind
  readonly name: string
  /** The version that is there; "" where there is none. */
  readonly onto: string
  readonly method: 'create' | 'patch' | 'delete'
  readonly body: Readonly<Record<string, unknown>>
  /** An annotation that a patch sets to the time at which it is sent (RFC 3339). */
  readonly stamp?: string
}

export interface WritesOptions {
  readonly client: Pick<ApiClient, 'get' | 'create' | 'mergePatch' | 'delete'>
  readonly namespace: string
  readonly log: Logger
  readonly clock: Clock
  /** How long after a first failure it is tried again. */
  readonly retryMs: number
  /** Called when something is to be tried once more. */
  readonly again: () => void
  /** Called when something has failed that had not. */
  readonly failed: () => void
}

const BUDGETS: Collection['kind'] = {
  group: 'policy',
  kind: 'PodDisruptionBudget',
  plural: 'poddisruptionbudgets',
  versions: ['v1'],
}
const kinds: Readonly<Record<MadeKind, Collection['kind']>> = {
  Service,
  Deployment: DEPLOYMENTS,
  PodDisruptionBudget: BUDGETS,
}
const events = {
  Service: { written: 'kubernetes.service_written', failed: 'kubernetes.service_failed' },
  Deployment: { written: 'kubernetes.deployment_written', failed: 'kubernetes.deployment_failed' },
  PodDisruptionBudget: { written: 'kubernetes.budget_written', failed: 'kubernetes.budget_failed' },
} as const
const fields = { Service: 'service', Deployment: 'deployment', PodDisruptionBudget: 'budget' } as const
const MOST_RETRY_MS = 300_000
const WRITE_MS = 10_000
const FORBIDDEN = 403
/** What the server has looked at and will not take, however often it is asked. */
const refusedFor: ReadonlySet<number> = new Set([400, 422])

/** Writes objects of one namespace, each time onto the version that was read, and keeps in mind what did not succeed. */
export class Writes {
  private readonly options: WritesOptions
  private readonly closing = new AbortController()
  private readonly attempts: Attempts
  /** Why something is not as it is wanted, by its kind and name. */
  private readonly problems = new Map<string, string>()

  constructor(options: WritesOptions) {
    this.options = options
    const { clock, retryMs, again } = options
    this.attempts = new Attempts({ clock, firstMs: retryMs, mostMs: MOST_RETRY_MS, again })
  }

  get isClosed(): boolean {
    return this.closing.signal.aborted
  }

  close(): void {
    this.closing.abort()
    this.attempts.clear()
  }

  /** Nothing of what was tried counts any more. */
  clear(): void {
    this.attempts.clear()
    this.problems.clear()
  }

  problemOf(kind: MadeKind, name: string): string {
    return this.problems.get(keyOf(kind, name)) ?? ''
  }

  /** It is as it is wanted. */
  done(kind: MadeKind, name: string): void {
    this.attempts.drop(keyOf(kind, name))
    this.problems.delete(keyOf(kind, name))
  }

  /** It is tried at once when it is next wanted. */
  forget(kind: MadeKind, name: string): void {
    this.attempts.drop(keyOf(kind, name))
  }

  /** It cannot be written: told once, as long as it is the same. */
  complain(kind: MadeKind, name: string, problem: string): void {
    const key = keyOf(kind, name)
    if (this.problems.get(key) === problem) return
    this.problems.set(key, problem)
    const { log, namespace } = this.options
    log.warn(events[kind].failed, { [fields[kind]]: `${namespace}/${name}`, message: problem })
  }

  /** Reads one object; null where it cannot be had, which is told, or is to be asked for later. */
  async read(kind: MadeKind, name: string): Promise<unknown> {
    const key = keyOf(kind, name)
    const attempt = this.attempts.begin(key, '', {})
    if (attempt === null) return null
    try {
      const object = await this.options.client.get(this.pathOf(kind, name), {}, this.signal())
      this.done(kind, name)
      return object
    } catch (error) {
      if (!this.isClosed) this.failed(kind, name, attempt, error)
      return null
    }
  }

  async write({ kind, name, onto, method, body, stamp }: Write): Promise<void> {
    const { client, log, namespace } = this.options
    const attempt = this.attempts.begin(keyOf(kind, name), onto, { method, ...body })
    if (attempt === null) return
    const path = this.pathOf(kind, name)
    try {
      if (method === 'delete') await client.delete(path, body, this.signal())
      else if (method === 'create') await client.create(this.pathOf(kind), body, this.signal())
      else {
        const { annotations, ...words } = body['metadata'] as { readonly annotations?: object }
        const stamped =
          stamp === undefined ? annotations : { ...annotations, [stamp]: new Date().toISOString() }
        const metadata = { ...words, annotations: stamped, resourceVersion: onto }
        await client.mergePatch(path, { ...body, metadata }, this.signal())
      }
      log.info(events[kind].written, { [fields[kind]]: `${namespace}/${name}`, method })
      this.problems.delete(keyOf(kind, name))
    } catch (error) {
      // It is gone, has changed, or somebody was faster: the watch tells of each.
      if (!this.isClosed && !isOvertaken(error)) this.failed(kind, name, attempt, error)
    }
  }

  private failed(kind: MadeKind, name: string, attempt: Attempt, error: unknown): void {
    const { code, retryAfterMs } = error instanceof ApiError ? error : { code: 0, retryAfterMs: 0 }
    this.complain(kind, name, error instanceof Error ? error.message : String(error))
    this.options.failed()
    if (refusedFor.has(code)) return
    this.attempts.retry(keyOf(kind, name), attempt, code === FORBIDDEN ? MOST_RETRY_MS : retryAfterMs)
  }

  private pathOf(kind: MadeKind, name?: string): string {
    return pathOf({ kind: kinds[kind], namespace: this.options.namespace }, 'v1', name)
  }

  private signal(): AbortSignal {
    return AbortSignal.any([this.closing.signal, AbortSignal.timeout(WRITE_MS)])
  }
}

function isOvertaken(error: unknown): boolean {
  return error instanceof ApiError && (error.code === 404 || error.code === 409)
}

function keyOf(kind: MadeKind, name: string): string {
  return `${kind}/${name}`
}
