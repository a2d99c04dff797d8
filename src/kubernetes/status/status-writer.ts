import { isDeepStrictEqual } from 'node:util'
import { setTimeout as delay } from 'node:timers/promises'
import { PORTCULLIS } from '../../model/kind.ts'
import type { Condition, Resource, ResourceKey, ResourceRef } from '../../model/resource.ts'
import { keyOf, refKey, refOf, type Resources } from '../../model/resources.ts'
import type { GatewayStatus } from '../../snapshot/contribution.ts'
import type { Logger } from '../../telemetry/log.ts'
import { ApiError, type ApiClient } from '../client.ts'
import { pathOf } from '../collection.ts'
import type { KubernetesSource } from '../kubernetes-source.ts'
import { wantedStatus, type StatusFields } from './wanted-status.ts'

/** What is in force in all workers, and what is to be said of it. */
export interface Spoken {
  readonly resources: Resources
  readonly conditions: readonly Condition[]
  readonly gateways: readonly GatewayStatus[]
}

export interface StatusWriterOptions {
  readonly client: ApiClient
  readonly source: Pick<KubernetesSource, 'known' | 'versionOf' | 'kindOf'>
  readonly log: Logger
  /** Where Gateways are reached that name no addresses. */
  readonly addresses: () => readonly string[]
  /** How long after a failure it is tried again; 1 s where absent. */
  readonly retryMs?: number
}

interface Pending {
  readonly onto: string
  readonly fields: StatusFields
}

/** Requests at once: a server that gives each client a share is not to be kept from others. */
const AT_ONCE = 16
/** Objects that are looked at before others have a turn. */
const PIECE = 200
const RETRY_MS = 1_000
const WRITE_MS = 10_000

const gatewayApi = new Set([
  'GatewayClass',
  'Gateway',
  'HTTPRoute',
  'GRPCRoute',
  'TLSRoute',
  'BackendTLSPolicy',
])

/**
 * Writes what translation says of objects into their statuses, as long as this process leads: only where it differs from
 * what is there, onto the version that was read, so that what others wrote meanwhile is never overwritten.
 */
export class StatusWriter {
  private readonly options: StatusWriterOptions
  private readonly closing = new AbortController()
  private readonly queue = new Set<ResourceKey>()
  /** What was written and has not come back: by the version that it was written onto. */
  private readonly pending = new Map<ResourceKey, Pending>()
  private spoken: Spoken | null = null
  private conditions: ReadonlyMap<ResourceKey, readonly Condition[]> = new Map()
  private gateways: ReadonlyMap<ResourceKey, GatewayStatus> = new Map()
  private leads = false
  private working: Promise<void> | null = null

  constructor(options: StatusWriterOptions) {
    this.options = options
  }

  /** Something else is in force. */
  applied(spoken: Spoken): void {
    const isSame = this.spoken?.conditions === spoken.conditions && this.spoken.resources === spoken.resources
    this.spoken = spoken
    if (!isSame) this.all()
  }

  lead(leads: boolean): void {
    this.leads = leads
    this.pending.clear()
    if (leads) this.all()
  }

  /** An object, or its status, is another one in the cluster. */
  touched(ref: ResourceRef): void {
    if (!hasStatus(ref) || this.spoken === null) return
    this.queue.add(refKey(ref))
    this.work()
  }

  async close(): Promise<void> {
    this.closing.abort()
    await this.working
  }

  /** Everything is looked at, of which little is written. */
  all(): void {
    if (this.spoken === null || !this.leads) return
    const { conditions, gateways } = this.spoken
    this.conditions = Map.groupBy(conditions, ({ about }) => refKey(about))
    this.gateways = new Map(gateways.map(gateway => [refKey(gateway.about), gateway]))
    for (const resource of this.spoken.resources.list)
      if (hasStatus(refOf(resource))) this.queue.add(keyOf(resource))
    this.work()
  }

  private work(): void {
    if (!this.leads || this.closing.signal.aborted) return
    this.working ??= this.empty().finally(() => {
      this.working = null
      if (this.queue.size > 0) this.work()
    })
  }

  private async empty(): Promise<void> {
    // What is changed one after another is looked at together.
    await delay(0)
    const writing = new Set<Promise<void>>()
    let looked = 0
    for (const key of this.queue) {
      this.queue.delete(key)
      if (!this.leads || this.closing.signal.aborted) break
      const write = this.writeOf(key)
      if (write !== null) {
        const done: Promise<void> = write().finally(() => writing.delete(done))
        writing.add(done)
      }
      if (writing.size >= AT_ONCE) await Promise.race(writing)
      else if (++looked % PIECE === 0) await delay(0)
    }
    await Promise.all(writing)
  }

  /** Null where nothing is to be written. */
  private writeOf(key: ResourceKey): (() => Promise<void>) | null {
    const resource = this.spoken?.resources.find(key)
    if (resource === undefined) return null
    const ref = refOf(resource)
    const known = this.options.source.known(ref)
    // A file has it, or it is of another run.
    if (known === undefined || known.resourceVersion === '' || resource.at([])?.line !== 0) return null
    const fields = this.wanted(resource, key, known.status)
    if (fields === null || isSaid(fields, known.status)) return null
    const pending = this.pending.get(key)
    if (pending?.onto === known.resourceVersion && sameBut(pending.fields, fields)) return null
    const write = { onto: known.resourceVersion, fields }
    this.pending.set(key, write)
    return () => this.write(key, ref, write)
  }

  private wanted(resource: Resource, key: ResourceKey, before: unknown): StatusFields | null {
    const said = {
      resource,
      conditions: this.conditions.get(key) ?? [],
      gateways: this.gateways,
      addresses: this.options.addresses(),
    }
    return wantedStatus(said, before, new Date().toISOString().replace(/\.\d+/, ''))
  }

  private async write(key: ResourceKey, ref: ResourceRef, pending: Pending): Promise<void> {
    const { client, source, log, retryMs = RETRY_MS } = this.options
    const kind = source.kindOf(ref)
    if (kind === null) return
    const namespace = kind.scope === 'Cluster' ? null : ref.namespace
    const path = `${pathOf({ kind, namespace }, source.versionOf(ref), ref.name)}/status`
    const body = { metadata: { resourceVersion: pending.onto }, status: pending.fields }
    try {
      const signal = AbortSignal.any([this.closing.signal, AbortSignal.timeout(WRITE_MS)])
      await client.mergePatch(path, body, signal)
    } catch (error) {
      if (this.pending.get(key) === pending) this.pending.delete(key)
      const code = error instanceof ApiError ? error.code : 0
      // It is gone; of one that has changed the watch tells.
      if (code === 404 || this.closing.signal.aborted) return
      if (code !== 409) log.warn('kubernetes.status_failed', { object: key, error: String(error) })
      const waitMs = Math.max(retryMs, error instanceof ApiError ? error.retryAfterMs : 0)
      setTimeout(() => this.touched(ref), code === 409 ? Math.min(waitMs, 100) : waitMs).unref()
    }
  }
}

function hasStatus({ group, kind }: Pick<ResourceRef, 'group' | 'kind'>): boolean {
  return group === PORTCULLIS || (gatewayApi.has(kind) && group !== '')
}

function isSaid(fields: StatusFields, status: unknown): boolean {
  const current = (status ?? {}) as Readonly<Record<string, unknown>>
  // Lists without items are left out by the server.
  const isEmpty = (value: unknown): boolean =>
    value === undefined || (Array.isArray(value) && value.length === 0)
  return Object.entries(fields).every(
    ([name, value]) => isDeepStrictEqual(value, current[name]) || (isEmpty(value) && isEmpty(current[name])),
  )
}

/** Times of transition are those of the attempt. */
function sameBut(a: StatusFields, b: StatusFields): boolean {
  const timeless = (fields: StatusFields): string =>
    JSON.stringify(fields, (name, value: unknown) => (name === 'lastTransitionTime' ? undefined : value))
  return timeless(a) === timeless(b)
}
