import { setTimeout as delay } from 'node:timers/promises'
import { fieldOf } from '../../model/words.ts'
import { ApiError, type ApiClient } from '../client.ts'
import type { Logger } from '../../telemetry/log.ts'

export interface LeaderOptions {
  readonly client: ApiClient
  readonly namespace: string
  /** Of the Lease. */
  readonly name: string
  /** Who we are: another word for each process. */
  readonly identity: string
  readonly log: Logger
  readonly changed: (leads: boolean) => void
  readonly times?: LeaderTimes
}

export interface LeaderTimes {
  /** As long as nobody has renewed it a Lease is its holder's. */
  readonly leaseMs: number
  /** Who could not renew it for this long does not lead any more; less than `leaseMs`. */
  readonly deadlineMs: number
  readonly retryMs: number
}

/** As Kubernetes' own controllers have them. */
const TIMES: LeaderTimes = { leaseMs: 15_000, deadlineMs: 10_000, retryMs: 2_000 }

/**
 * One of several replicas, by a Lease (coordination.k8s.io/v1). Clocks of machines are not compared: a Lease is free
 * when it has not changed for as long as it says, by our own clock, since we saw it. Who loses the way to the server
 * stops before another can have begun.
 */
export class Leader {
  private readonly options: LeaderOptions
  private readonly closing = new AbortController()
  private leads = false
  /** What the Lease said, and since when by our clock. */
  private seen = { text: '', sinceMs: 0 }
  private renewedMs = 0
  private told = ''
  private running: Promise<void> | null = null

  constructor(options: LeaderOptions) {
    this.options = options
  }

  /** Once, however often it is called. */
  start(): void {
    this.running ??= this.run()
  }

  /** Gives it back, so that another need not wait. */
  async close(): Promise<void> {
    this.closing.abort()
    await this.running
    if (!this.leads) return
    this.leads = false
    await this.release().catch(() => {})
  }

  private async run(): Promise<void> {
    const { times = TIMES } = this.options
    const { signal } = this.closing
    while (!signal.aborted) {
      const beganMs = performance.now()
      try {
        // A request that hangs must not outlast the time in which we lead.
        const isOurs = await this.tryOnce(AbortSignal.any([signal, AbortSignal.timeout(2 * times.retryMs)]))
        if (isOurs) this.renewedMs = beganMs
        this.set(isOurs)
        this.told = ''
      } catch (error) {
        if (signal.aborted) return
        this.failed(error as Error, times)
      }
      await delay(times.retryMs * (0.8 + Math.random() * 0.4), undefined, { signal }).catch(() => {})
    }
  }

  private failed({ message }: Error, { deadlineMs, retryMs }: LeaderTimes): void {
    if (message !== this.told)
      this.options.log.warn('kubernetes.lease_failed', { name: this.options.name, error: message })
    this.told = message
    // The next attempt may take as long before it fails.
    if (performance.now() - this.renewedMs > deadlineMs - 2 * retryMs) this.set(false)
  }

  private set(leads: boolean): void {
    if (leads === this.leads) return
    this.leads = leads
    const { log, name, namespace, changed } = this.options
    log.info(leads ? 'kubernetes.leads' : 'kubernetes.follows', { lease: `${namespace}/${name}` })
    changed(leads)
  }

  /** Whether it is ours now. */
  private async tryOnce(signal: AbortSignal): Promise<boolean> {
    const { client, name, namespace, identity, times = TIMES } = this.options
    const lease = await this.read(signal)
    if (lease === null) {
      const body = { ...LEASE, metadata: { name, namespace }, spec: takenBy(identity, times, null) }
      return isTaken(client.create(leasePath(namespace), body, signal))
    }
    const before = fieldOf(lease, 'spec') as LeaseSpec | undefined
    const text = JSON.stringify(before)
    if (text !== this.seen.text) this.seen = { text, sinceMs: performance.now() }
    const isOurs = before?.holderIdentity === identity
    if (!isOurs && !this.isFree(before, times)) return false
    const spec = isOurs ? { ...before, renewTime: microTime() } : takenBy(identity, times, before ?? null)
    // With the version that was read: of two that see it free one has it.
    return isTaken(client.replace(leasePath(namespace, name), { ...(lease as object), spec }, signal))
  }

  private isFree(spec: LeaseSpec | undefined, { leaseMs }: LeaderTimes): boolean {
    if (!spec?.holderIdentity) return true
    const { leaseDurationSeconds = leaseMs / 1000 } = spec
    return performance.now() - this.seen.sinceMs > leaseDurationSeconds * 1000
  }

  private async read(signal: AbortSignal): Promise<unknown> {
    const { client, namespace, name } = this.options
    try {
      return await client.get(leasePath(namespace, name), {}, signal)
    } catch (error) {
      if (error instanceof ApiError && error.code === 404) return null
      throw error
    }
  }

  private async release(): Promise<void> {
    const { client, namespace, name, identity } = this.options
    const signal = AbortSignal.timeout(RELEASE_MS)
    const lease = await this.read(signal)
    const before = fieldOf(lease, 'spec') as LeaseSpec | undefined
    if (before?.holderIdentity !== identity) return
    const spec = { ...before, holderIdentity: '', leaseDurationSeconds: 1 }
    await client.replace(leasePath(namespace, name), { ...(lease as object), spec }, signal)
  }
}

const RELEASE_MS = 2_000
const LEASE = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' }

/** coordination.k8s.io/v1 LeaseSpec. */
interface LeaseSpec {
  readonly holderIdentity?: string
  readonly leaseDurationSeconds?: number
  readonly acquireTime?: string
  readonly renewTime?: string
  readonly leaseTransitions?: number
}

function takenBy(holderIdentity: string, { leaseMs }: LeaderTimes, before: LeaseSpec | null): LeaseSpec {
  const now = microTime()
  return {
    holderIdentity,
    leaseDurationSeconds: Math.max(1, Math.round(leaseMs / 1000)),
    acquireTime: now,
    renewTime: now,
    leaseTransitions: before === null ? 0 : (before.leaseTransitions ?? 0) + 1,
  }
}

/** False where another one was faster. */
async function isTaken(written: Promise<unknown>): Promise<boolean> {
  try {
    await written
    return true
  } catch (error) {
    if (error instanceof ApiError && error.code === 409) return false
    throw error
  }
}

function leasePath(namespace: string, name?: string): string {
  return `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases${name === undefined ? '' : `/${name}`}`
}

/** meta/v1 MicroTime. */
function microTime(): string {
  return new Date().toISOString().replace('Z', '000Z')
}
