import { isDeepStrictEqual } from 'node:util'
import { setTimeout as delay } from 'node:timers/promises'
import { Service } from '../../model/kinds/service.ts'
import type { ResourceRef } from '../../model/resource.ts'
import type { Resources } from '../../model/resources.ts'
import { fieldOf } from '../../model/words.ts'
import type { Logger } from '../../telemetry/log.ts'
import type {
  GatewayServiceFact,
  GatewayServiceFacts,
  GatewayServiceSettings,
  GatewayServiceWant,
} from '../../translation/gateway-services.ts'
import { systemClock, type Clock } from '../../upstream/clock.ts'
import { ApiError, type ApiClient } from '../client.ts'
import { pathOf } from '../collection.ts'
import type { KubernetesSource } from '../kubernetes-source.ts'
import type { Known } from '../object-store.ts'
import { Attempts, type Attempt } from '../status/attempts.ts'
import { balancerAddresses, clusterAddresses } from '../status/published.ts'
import { FOREIGN, ofGateway, ownOf, planServices, type Promised, type Write } from './plan.ts'
import type { ServiceTemplate } from './wanted-service.ts'

export interface GatewayServicesOptions {
  readonly client: Pick<ApiClient, 'get' | 'create' | 'mergePatch' | 'delete'>
  readonly source: Pick<KubernetesSource, 'known'>
  readonly settings: GatewayServiceSettings
  readonly log: Logger
  /** Told of where Gateways are reached, and why not, when that is another thing. */
  readonly found: (facts: GatewayServiceFacts) => void
  /** How long after a first failure it is tried again; 1 s where absent. */
  readonly retryMs?: number
  readonly clock?: Clock
}

/** What is in force, and which Services are to be there for it. */
interface Spoken {
  readonly resources: Resources
  readonly wants: readonly GatewayServiceWant[]
}

const AT_ONCE = 8
const RETRY_MS = 1_000
const MOST_RETRY_MS = 300_000
const WRITE_MS = 10_000
const FORBIDDEN = 403
/** What the server has looked at and will not take, however often it is asked. */
const refusedFor: ReadonlySet<number> = new Set([400, 422])

/**
 * A Service for each Gateway, in the namespace of the Pods, as the deployment's own is: made, changed and deleted as long as
 * this process leads. All replicas read in it which ports they listen on (translation/gateway-services.ts). What somebody
 * else has made under its name is never touched.
 */
export class GatewayServices {
  private readonly options: GatewayServicesOptions
  private readonly closing = new AbortController()
  private readonly attempts: Attempts
  private spoken: Spoken | null = null
  private leads = false
  private template: ServiceTemplate | null = null
  private facts: GatewayServiceFacts = new Map()
  /** Why the deployment's own Service cannot be read; "" where it can. */
  private trouble = ''
  /** Why the last write of a Service failed. */
  private readonly problems = new Map<string, string>()
  /** The ports of Services that have been written and may not have come back. */
  private promised: Promised = new Map()
  private isDue = false
  private working: Promise<void> | null = null

  constructor(options: GatewayServicesOptions) {
    this.options = options
    const { clock = systemClock, retryMs = RETRY_MS } = options
    const again = (): void => this.look()
    this.attempts = new Attempts({ clock, firstMs: retryMs, mostMs: MOST_RETRY_MS, again })
  }

  /** What is in force in all workers now. */
  applied(resources: Resources, wants: readonly GatewayServiceWant[]): void {
    const { spoken } = this
    if (spoken?.resources === resources && isDeepStrictEqual(spoken.wants, wants)) return
    this.spoken = { resources, wants }
    this.tell()
    this.look()
  }

  lead(leads: boolean): void {
    this.leads = leads
    this.attempts.clear()
    this.problems.clear()
    this.trouble = ''
    this.template = null
    this.tell()
    this.look()
  }

  /** An object is another one in the cluster. */
  touched({ group, kind, namespace, name }: ResourceRef): void {
    const { settings } = this.options
    if (group !== '' || kind !== 'Service' || namespace !== settings.namespace) return
    if (name === settings.deployment) {
      this.template = null
      this.attempts.drop(name)
    } else if (!this.isWatched(name)) return
    this.tell()
    this.look()
  }

  async close(): Promise<void> {
    this.closing.abort()
    this.attempts.clear()
    await this.working
  }

  private isWatched(name: string): boolean {
    return this.facts.has(name) || ownOf(this.known(name), this.options.settings) !== null
  }

  private known(name: string): Known | undefined {
    const { namespace } = this.options.settings
    return this.options.source.known({ group: '', kind: 'Service', namespace, name })
  }

  private tell(): void {
    if (this.spoken === null || this.closing.signal.aborted) return
    const facts = new Map(this.spoken.wants.map(want => [want.name, this.factOf(want)]))
    if (isDeepStrictEqual(facts, this.facts)) return
    this.facts = facts
    this.options.found(facts)
  }

  private factOf({ name, gateway }: GatewayServiceWant): GatewayServiceFact {
    const known = this.known(name)
    const { settings } = this.options
    const { type } = settings
    const isOurs = ofGateway(known, gateway, settings) !== null
    if (known !== undefined && !isOurs) return { addresses: [], problem: FOREIGN }
    const addresses = type === 'LoadBalancer' ? balancerAddresses(known) : clusterAddresses(known)
    return { addresses, problem: this.trouble || (this.problems.get(name) ?? '') }
  }

  private look(): void {
    this.isDue = true
    if (!this.leads || this.closing.signal.aborted || this.spoken === null) return
    this.working ??= this.work().finally(() => {
      this.working = null
      if (this.isDue) this.look()
    })
  }

  private async work(): Promise<void> {
    // What is changed one after another is looked at together.
    await delay(0)
    this.isDue = false
    this.template ??= await this.readTemplate()
    const { template, spoken } = this
    if (template === null || spoken === null) return
    const { settings } = this.options
    const known = (name: string): Known | undefined => this.known(name)
    const { writes, promised, problems, inOrder } = planServices({
      ...spoken,
      settings,
      template,
      known,
      promised: this.promised,
    })
    this.promised = promised
    for (const [name, problem] of problems) {
      this.attempts.drop(name)
      this.complain(name, problem)
    }
    for (const name of inOrder) this.done(name)
    for (let i = 0; i < writes.length && this.leads; i += AT_ONCE)
      await Promise.all(writes.slice(i, i + AT_ONCE).map(write => this.write(write)))
    this.tell()
  }

  /** What the deployment's own Service says; null, and told, where it cannot be had. */
  private async readTemplate(): Promise<ServiceTemplate | null> {
    const { client, settings } = this.options
    const key = settings.deployment
    const attempt = this.attempts.begin(key, '', {})
    if (attempt === null) return null
    try {
      const object = await client.get(this.pathOf(key), {}, this.signal())
      this.attempts.drop(key)
      const uid = fieldOf(fieldOf(object, 'metadata'), 'uid')
      const spec = (fieldOf(object, 'spec') ?? {}) as ServiceTemplate['spec']
      if (Object.keys(spec.selector ?? {}).length === 0) throw new Error('it has no selector')
      this.problems.delete(key)
      this.trouble = ''
      return { uid: typeof uid === 'string' ? uid : '', spec }
    } catch (error) {
      if (!this.closing.signal.aborted) this.failed(key, attempt, error)
      return null
    }
  }

  private async write({ name, onto, method, body }: Write): Promise<void> {
    const { client, log, settings } = this.options
    const attempt = this.attempts.begin(name, onto, { method, ...body })
    if (attempt === null) return
    const path = this.pathOf(name)
    const service = `${settings.namespace}/${name}`
    try {
      if (method === 'delete') await client.delete(path, body, this.signal())
      else if (method === 'create') await client.create(this.pathOf(), body, this.signal())
      else {
        const metadata = { ...(body['metadata'] as object), resourceVersion: onto }
        await client.mergePatch(path, { ...body, metadata }, this.signal())
      }
      log.info('kubernetes.service_written', { service, method })
      this.problems.delete(name)
    } catch (error) {
      if (!this.closing.signal.aborted) this.failed(name, attempt, error)
    }
  }

  private failed(name: string, attempt: Attempt, error: unknown): void {
    const { code, retryAfterMs } = error instanceof ApiError ? error : { code: 0, retryAfterMs: 0 }
    const isTemplate = name === this.options.settings.deployment
    // It is gone, has changed, or somebody was faster: the watch tells of each.
    if (!isTemplate && (code === 404 || code === 409)) return
    const text = error instanceof Error ? error.message : String(error)
    if (isTemplate) this.trouble = templateProblem(name, text)
    this.complain(name, text)
    this.tell()
    if (!refusedFor.has(code))
      this.attempts.retry(name, attempt, code === FORBIDDEN ? MOST_RETRY_MS : retryAfterMs)
  }

  private done(name: string): void {
    this.attempts.drop(name)
    this.problems.delete(name)
  }

  /** Once, as long as it is the same. */
  private complain(name: string, problem: string): void {
    const { log, settings } = this.options
    if (this.problems.get(name) === problem) return
    this.problems.set(name, problem)
    log.warn('kubernetes.service_failed', { service: `${settings.namespace}/${name}`, message: problem })
  }

  private pathOf(name?: string): string {
    return pathOf({ kind: Service, namespace: this.options.settings.namespace }, 'v1', name)
  }

  private signal(): AbortSignal {
    return AbortSignal.any([this.closing.signal, AbortSignal.timeout(WRITE_MS)])
  }
}

function templateProblem(deployment: string, text: string): string {
  return `the Service ${deployment} (--publish), which it is made like, cannot be read: ${text}`
}
