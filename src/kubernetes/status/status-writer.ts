import { isDeepStrictEqual } from 'node:util'
import { setTimeout as delay } from 'node:timers/promises'
import { PORTCULLIS } from '../../model/kind.ts'
import type { Condition, Resource, ResourceKey, ResourceRef } from '../../model/resource.ts'
import { keyOf, refKey, refOf, type Resources } from '../../model/resources.ts'
import { fieldOf } from '../../model/words.ts'
import type { GatewayStatus } from '../../snapshot/contribution.ts'
import type { Logger } from '../../telemetry/log.ts'
import { classStates, CONTROLLER, isOurs } from '../../translation/gateway-classes.ts'
import { ingressClassStates } from '../../translation/ingress-classes.ts'
import { systemClock, type Clock } from '../../upstream/clock.ts'
import { ApiError, type ApiClient } from '../client.ts'
import { pathOf } from '../collection.ts'
import type { KubernetesSource } from '../kubernetes-source.ts'
import type { Known } from '../object-store.ts'
import { Attempts, type Attempt } from './attempts.ts'
import { SaidConditions } from './said-conditions.ts'
import { StatusQueue } from './status-queue.ts'
import { brokenBy, hasListeners, parentOf, refusing, type Why } from './unserved.ts'
import { wantedStatus, type Said, type StatusFields } from './wanted-status.ts'

/** What is in force in all workers, and what is to be said of it. */
export interface Spoken {
  readonly resources: Resources
  readonly conditions: readonly Condition[]
  readonly gateways: readonly GatewayStatus[]
}

export interface StatusWriterOptions {
  readonly client: Pick<ApiClient, 'mergePatch'>
  readonly source: Pick<KubernetesSource, 'name' | 'known' | 'versionOf' | 'kindOf'>
  readonly log: Logger
  /** Where Gateways are reached that name no addresses. */
  readonly addresses: () => readonly string[]
  /** What GatewayClasses are told to have. */
  readonly features: readonly string[]
  /** How long after a first failure it is tried again; 1 s where absent. */
  readonly retryMs?: number
  readonly clock?: Clock
}

/**
 * Requests at once: with half of it statuses of what is changed without a pause come when that is over. A server gives each
 * client its share (API Priority and Fairness), so that nobody is kept from it.
 */
const AT_ONCE = 32
/** Objects that are looked at before others have a turn. */
const PIECE = 200
const RETRY_MS = 1_000
const MOST_RETRY_MS = 300_000
/** What the server has looked at and will not take, however often it is asked. */
const refusedFor: ReadonlySet<number> = new Set([400, 422])
/** A right that is missing may be given at any time, and the watch does not tell of it. */
const FORBIDDEN = 403
const WRITE_MS = 10_000

const standard = new Set([
  'GatewayClass',
  'Gateway',
  'ListenerSet',
  'HTTPRoute',
  'GRPCRoute',
  'TLSRoute',
  'TCPRoute',
  'UDPRoute',
  'BackendTLSPolicy',
  'XTelemetryPolicy',
  'Ingress',
])

/**
 * Writes what translation says of objects into their statuses, as long as this process leads: only where it differs from
 * what is there, onto the version that was read, so that what others wrote meanwhile is never overwritten.
 */
export class StatusWriter {
  private readonly options: StatusWriterOptions
  private readonly closing = new AbortController()
  private readonly queue = new StatusQueue()
  /** What was written and has not come back. */
  private readonly attempts: Attempts
  private spoken: Spoken | null = null
  private readonly conditions = new SaidConditions()
  private gateways: ReadonlyMap<ResourceKey, GatewayStatus> = new Map()
  private leads = false
  private working: Promise<void> | null = null

  constructor(options: StatusWriterOptions) {
    this.options = options
    const { clock = systemClock, retryMs = RETRY_MS } = options
    this.attempts = new Attempts({
      clock,
      firstMs: retryMs,
      mostMs: MOST_RETRY_MS,
      again: key => this.look(key),
    })
  }

  /** Something else is in force: what is said anew is looked at, of thousands mostly one. */
  applied(spoken: Spoken): void {
    const { spoken: before } = this
    if (before?.conditions === spoken.conditions && before.resources === spoken.resources) return
    this.spoken = spoken
    // Who begins to lead looks at everything.
    if (!this.leads) return
    for (const [key, about] of this.conditions.take(spoken.conditions))
      if (hasStatus(about)) this.queue.add(key)
    this.gateways = gatewaysOf(spoken)
    // A Gateway's status counts routes; what is refused is judged by what the source knows.
    for (const key of this.gateways.keys()) this.queue.add(key)
    for (const [key, { resource }] of spoken.resources.refusals)
      if (resource !== null && hasStatus(resource)) this.queue.add(key)
    for (const key of before?.resources.refusals.keys() ?? []) this.queue.add(key)
    this.work()
  }

  lead(leads: boolean): void {
    this.leads = leads
    this.attempts.clear()
    this.queue.clear()
    if (!leads || this.spoken === null) return
    this.conditions.take(this.spoken.conditions)
    this.gateways = gatewaysOf(this.spoken)
    this.all()
  }

  /** An object, or its status, is another one in the cluster. */
  touched(ref: ResourceRef): void {
    if (!hasStatus(ref) || this.spoken === null || !this.leads) return
    this.look(refKey(ref))
  }

  /** Objects of which something is remembered: those that wait, and those that were written and have not come back. */
  get remembered(): number {
    return this.queue.size + this.attempts.size
  }

  async close(): Promise<void> {
    this.closing.abort()
    this.attempts.clear()
    await this.working
  }

  /** Everything is looked at, of which little is written. */
  all(): void {
    if (this.spoken === null || !this.leads) return
    const { list, refusals } = this.spoken.resources
    for (const resource of list) if (hasStatus(refOf(resource))) this.queue.add(keyOf(resource))
    for (const [key, { resource }] of refusals)
      if (resource !== null && hasStatus(resource)) this.queue.add(key)
    this.work()
  }

  private look(key: ResourceKey): void {
    this.queue.add(key)
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
    for (let key = this.queue.take(); key !== undefined; key = this.queue.take()) {
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
    const write = this.due(key)
    if (write === null) {
      this.attempts.drop(key)
      return null
    }
    const { ref, onto, fields } = write
    const attempt = this.attempts.begin(key, onto, fields)
    return attempt && (() => this.write(key, ref, attempt))
  }

  /** What the server does not have yet, whether or not it has been sent. */
  private due(key: ResourceKey): (Pick<Attempt, 'onto' | 'fields'> & { readonly ref: ResourceRef }) | null {
    const inForce = this.spoken?.resources.find(key)
    const ref = inForce === undefined ? this.spoken?.resources.refusals.get(key)?.resource : refOf(inForce)
    const known = ref ? this.options.source.known(ref) : undefined
    // A file has it alone, or it is of another run.
    if (!ref || known === undefined || known.resourceVersion === '') return null
    const said = inForce === undefined ? this.ofBroken(known) : this.ofForce(inForce, known)
    if (said === null) return null
    const now = new Date().toISOString().replace(/\.\d+/, '')
    const { addresses, features } = this.options
    const fields = wantedStatus({ ...said, addresses: addresses(), features }, known.status, now)
    if (fields === null || isSaid(fields, known.status)) return null
    return { ref, onto: known.resourceVersion, fields }
  }

  private ofForce(resource: Resource, known: Known): Omit<Said, 'addresses' | 'features'> | null {
    const told = this.conditions.of(keyOf(resource))
    if (resource.at([])?.line !== 0) return this.ofLoser(told, known)
    if (!isOf(resource, known)) return null
    const conditions = told.filter(({ source }) => source === undefined)
    const brokenGeneration = known.validation.written?.metadata.generation
    return {
      resource,
      conditions,
      gateways: this.gateways,
      ...(brokenGeneration !== undefined && { brokenGeneration }),
    }
  }

  /** Of an object that another source has too, which comes first. */
  private ofLoser(
    told: readonly Condition[],
    { validation }: Known,
  ): Omit<Said, 'addresses' | 'features'> | null {
    const resource = validation.resource ?? validation.written
    const conflict = told.find(({ source }) => source === this.options.source.name)
    return conflict && resource ? this.ofUnserved(resource, conflict, [conflict]) : null
  }

  /** Of an object of which no version was good. */
  private ofBroken({
    validation: { written, problems },
  }: Known): Omit<Said, 'addresses' | 'features'> | null {
    if (written === undefined) return null
    return this.ofUnserved(written, brokenBy(written, problems), this.conditions.of(keyOf(written)))
  }

  private ofUnserved(
    resource: Resource,
    { reason, message }: Why,
    others: readonly Condition[],
  ): Omit<Said, 'addresses' | 'features'> | null {
    if (!this.isOurs(resource)) return null
    const conditions = [...refusing(resource, { reason, message }, this.gateways), ...others]
    if (!hasListeners(resource)) return { resource, conditions, gateways: this.gateways }
    const status = { about: refOf(resource), addresses: [], listeners: [] }
    return { resource, conditions, gateways: new Map([[keyOf(resource), status]]) }
  }

  /** Classes, Gateways and Ingresses of other controllers are theirs to judge. */
  private isOurs(resource: Resource): boolean {
    const { kind, body } = resource
    const spec = fieldOf(body, 'spec')
    if (kind === 'GatewayClass') return fieldOf(spec, 'controllerName') === CONTROLLER
    if (this.spoken === null) return true
    if (kind === 'ListenerSet')
      return this.gateways.has(refKey(parentOf(fieldOf(spec, 'parentRef'), resource)))
    if (kind === 'Ingress') return isOurs(ingressClassStates(this.spoken.resources)(resource))
    if (kind !== 'Gateway') return true
    return isOurs(classStates(this.spoken.resources)(String(fieldOf(spec, 'gatewayClassName'))))
  }

  private async write(key: ResourceKey, ref: ResourceRef, attempt: Attempt): Promise<void> {
    const { client, source } = this.options
    const kind = source.kindOf(ref)
    if (kind === null) return
    const namespace = kind.scope === 'Cluster' ? null : ref.namespace
    const path = `${pathOf({ kind, namespace }, source.versionOf(ref), ref.name)}/status`
    const body = { metadata: { resourceVersion: attempt.onto }, status: attempt.fields }
    try {
      const signal = AbortSignal.any([this.closing.signal, AbortSignal.timeout(WRITE_MS)])
      await client.mergePatch(path, body, signal)
    } catch (error) {
      if (!this.closing.signal.aborted) this.failed(key, attempt, error)
    }
  }

  private failed(key: ResourceKey, attempt: Attempt, error: unknown): void {
    const { code, retryAfterMs } = error instanceof ApiError ? error : { code: 0, retryAfterMs: 0 }
    // It is gone, or has changed: the watch tells of both.
    if (code === 404 || code === 409) return
    const text = String(error)
    const isRefused = refusedFor.has(code)
    if (this.attempts.isNews(key, text))
      this.options.log.warn('kubernetes.status_failed', {
        object: key,
        error: text,
        ...(isRefused && {
          message: 'it is not tried again before the object, or what is said of it, changes',
        }),
      })
    if (!isRefused) this.attempts.retry(key, attempt, code === FORBIDDEN ? MOST_RETRY_MS : retryAfterMs)
  }
}

function gatewaysOf({ gateways }: Spoken): ReadonlyMap<ResourceKey, GatewayStatus> {
  return new Map(gateways.map(gateway => [refKey(gateway.about), gateway]))
}

function hasStatus({ group, kind }: Pick<ResourceRef, 'group' | 'kind'>): boolean {
  return group === PORTCULLIS || (standard.has(kind) && group !== '')
}

/**
 * Whether what was translated is what the server has: neither an older generation of it, nor another object that had its
 * name. Of what is broken the version before it is in force.
 */
function isOf({ metadata }: Resource, { validation }: Known): boolean {
  const now = validation.resource?.metadata
  return (
    now === undefined ||
    (now.generation === metadata.generation && now.creationTimestamp === metadata.creationTimestamp)
  )
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
