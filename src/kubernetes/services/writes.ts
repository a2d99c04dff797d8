import { Service } from '../../model/kinds/service.ts'
import type { Logger } from '../../telemetry/log.ts'
import type { Clock } from '../../upstream/clock.ts'
import { ApiError, type ApiClient } from '../client.ts'
import { pathOf, type Collection } from '../collection.ts'
import { Attempts, type Attempt } from '../status/attempts.ts'
import { DEPLOYMENTS } from './deployments.ts'

/** What is made for Gateways. */
export type MadeKind = 'Service' | 'Alias' | 'Deployment' | 'PodDisruptionBudget'

export interface Write {
  readonly kind: MadeKind
  /** Absent: that of the Pods. */
  readonly namespace?: string
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
  /** Of what names no other. */
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
  Alias: Service,
  Deployment: DEPLOYMENTS,
  PodDisruptionBudget: BUDGETS,
}
const events = {
  Service: { written: 'kubernetes.service_written', failed: 'kubernetes.service_failed' },
  Alias: { written: 'kubernetes.alias_written', failed: 'kubernetes.alias_failed' },
  Deployment: { written: 'kubernetes.deployment_written', failed: 'kubernetes.deployment_failed' },
  PodDisruptionBudget: { written: 'kubernetes.budget_written', failed: 'kubernetes.budget_failed' },
} as const
const fields = {
  Service: 'service',
  Alias: 'service',
  Deployment: 'deployment',
  PodDisruptionBudget: 'budget',
} as const
const AT_ONCE = 8
const MOST_RETRY_MS = 300_000
const WRITE_MS = 10_000
/** What the server has looked at and will not take: until a right, a quota or a policy changes, of which nobody tells. */
const lastingly: ReadonlySet<number> = new Set([400, 403, 422])

/** Writes objects, those of one namespace mostly, each time onto the version that was read, and keeps in mind what did not succeed. */
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
    return this.problems.get(this.keyOf(kind, name)) ?? ''
  }

  /** It is as it is wanted, or gone. */
  done(kind: MadeKind, name: string, namespace?: string): void {
    const key = this.keyOf(kind, name, namespace)
    this.attempts.drop(key)
    this.problems.delete(key)
  }

  /** It is tried at once when it is next wanted. */
  forget(kind: MadeKind, name: string, namespace?: string): void {
    this.attempts.drop(this.keyOf(kind, name, namespace))
  }

  /** It cannot be written: told once, as long as it is the same. */
  complain(kind: MadeKind, name: string, problem: string, namespace = this.options.namespace): void {
    const key = this.keyOf(kind, name, namespace)
    if (this.problems.get(key) === problem) return
    this.problems.set(key, problem)
    const about = { [fields[kind]]: `${namespace}/${name}`, message: problem }
    this.options.log.warn(events[kind].failed, about)
  }

  /** Reads one object; null where it cannot be had, which is told, or is to be asked for later. */
  async read(kind: MadeKind, name: string): Promise<unknown> {
    const attempt = this.attempts.begin(this.keyOf(kind, name), '', {})
    if (attempt === null) return null
    try {
      const object = await this.options.client.get(this.pathOf(kind, name), {}, this.signal())
      this.done(kind, name)
      return object
    } catch (error) {
      if (!this.isClosed) this.failed({ kind, name }, attempt, error)
      return null
    }
  }

  /** One after another, a few at once, as long as it goes on. */
  async writeAll(all: readonly Write[], goesOn: () => boolean): Promise<void> {
    for (let i = 0; i < all.length && goesOn(); i += AT_ONCE)
      await Promise.all(all.slice(i, i + AT_ONCE).map(one => this.write(one)))
  }

  private async write(one: Write): Promise<void> {
    const { kind, name, onto, method, body, stamp, namespace = this.options.namespace } = one
    const { client, log } = this.options
    const key = this.keyOf(kind, name, namespace)
    const attempt = this.attempts.begin(key, onto, { method, ...body })
    if (attempt === null) return
    const path = this.pathOf(kind, name, namespace)
    try {
      if (method === 'delete') await client.delete(path, body, this.signal())
      else if (method === 'create')
        await client.create(this.pathOf(kind, undefined, namespace), body, this.signal())
      else {
        const { annotations, ...words } = body['metadata'] as { readonly annotations?: object }
        const stamped =
          stamp === undefined ? annotations : { ...annotations, [stamp]: new Date().toISOString() }
        const metadata = { ...words, annotations: stamped, resourceVersion: onto }
        await client.mergePatch(path, { ...body, metadata }, this.signal())
      }
      log.info(events[kind].written, { [fields[kind]]: `${namespace}/${name}`, method })
      this.problems.delete(key)
    } catch (error) {
      // It is gone, has changed, or somebody was faster: the watch tells of each.
      if (!this.isClosed && !isOvertaken(error)) this.failed(one, attempt, error)
    }
  }

  private failed(
    { kind, name, namespace }: Pick<Write, 'kind' | 'name' | 'namespace'>,
    attempt: Attempt,
    error: unknown,
  ): void {
    const { code, retryAfterMs } = error instanceof ApiError ? error : { code: 0, retryAfterMs: 0 }
    this.complain(kind, name, error instanceof Error ? error.message : String(error), namespace)
    this.options.failed()
    const leastMs = lastingly.has(code) ? MOST_RETRY_MS : retryAfterMs
    this.attempts.retry(this.keyOf(kind, name, namespace), attempt, leastMs)
  }

  private pathOf(kind: MadeKind, name?: string, namespace = this.options.namespace): string {
    return pathOf({ kind: kinds[kind], namespace }, 'v1', name)
  }

  private keyOf(kind: MadeKind, name: string, namespace = this.options.namespace): string {
    return `${kind}/${namespace}/${name}`
  }

  private signal(): AbortSignal {
    return AbortSignal.any([this.closing.signal, AbortSignal.timeout(WRITE_MS)])
  }
}

function isOvertaken(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false
  // All of the namespace goes, the Gateway too.
  const goes = error.code === 403 && error.message.endsWith('because it is being terminated')
  return error.code === 404 || error.code === 409 || goes
}
