import { isDeepStrictEqual } from 'node:util'
import type { Service } from '../../model/kinds/service.ts'
import type { ResourceRef } from '../../model/resource.ts'
import type { Resources } from '../../model/resources.ts'
import type { Logger } from '../../telemetry/log.ts'
import {
  isAliasOf,
  type GatewayServiceSettings,
  type GatewayServiceWant,
} from '../../translation/gateway-services.ts'
import { systemClock, type Clock } from '../../upstream/clock.ts'
import type { ApiClient } from '../client.ts'
import type { KubernetesSource } from '../kubernetes-source.ts'
import { placeKey, planAliases } from './plan-aliases.ts'
import { Rounds } from './rounds.ts'
import { Writes } from './writes.ts'

export interface GatewayAliasesOptions {
  readonly client: ApiClient
  readonly source: Pick<KubernetesSource, 'known'>
  readonly settings: GatewayServiceSettings
  /** Of names in the cluster: `cluster.local`. */
  readonly domain: string
  readonly log: Logger
  /** How long after a first failure it is tried again; 1 s where absent. */
  readonly retryMs?: number
  readonly clock?: Clock
}

const RETRY_MS = 1_000

/**
 * A name for each Gateway in its own namespace (GEP-1762): a Service of type ExternalName that leads to the Gateway's own,
 * made, changed and deleted as long as this process leads. Nothing is served by it, and nothing waits for it: what cannot be
 * written is told in the log, and tried again.
 */
export class GatewayAliases {
  private readonly options: GatewayAliasesOptions
  private readonly writes: Writes
  private readonly rounds = new Rounds(
    () => this.leads && !this.writes.isClosed && this.spoken !== null,
    () => this.work(),
  )
  private spoken: { readonly resources: Resources; readonly wants: readonly GatewayServiceWant[] } | null =
    null
  private leads = false
  private wanted: ReadonlySet<string> = new Set()

  constructor(options: GatewayAliasesOptions) {
    this.options = options
    const { client, settings, log, clock = systemClock, retryMs = RETRY_MS } = options
    const again = (): void => this.rounds.ask()
    const { namespace } = settings
    this.writes = new Writes({ client, namespace, log, clock, retryMs, again, failed: () => {} })
  }

  /** What is in force in all workers now. */
  applied(resources: Resources, wants: readonly GatewayServiceWant[]): void {
    const { spoken } = this
    if (spoken?.resources === resources && isDeepStrictEqual(spoken.wants, wants)) return
    this.spoken = { resources, wants }
    this.rounds.ask()
  }

  lead(leads: boolean): void {
    this.leads = leads
    this.writes.clear()
    this.rounds.ask()
  }

  /** An object is another one in the cluster. */
  touched(ref: ResourceRef): void {
    if (ref.group !== '' || ref.kind !== 'Service' || !this.leads) return
    const { source, settings } = this.options
    const known = source.known(ref)
    if (known === undefined) this.writes.done('Alias', ref.name, ref.namespace)
    const service = known?.validation.resource as Service | null | undefined
    const isOurs = service && isAliasOf(service, settings.deployment)
    if (isOurs || this.wanted.has(placeKey(ref))) this.rounds.ask()
  }

  async close(): Promise<void> {
    this.writes.close()
    await this.rounds.ended
  }

  private async work(): Promise<void> {
    const { spoken, writes } = this
    if (spoken === null) return
    const { settings, domain, source } = this.options
    const known = (ref: ResourceRef) => source.known(ref)
    const planned = planAliases({ ...spoken, settings, domain, known })
    // Of what was refused and is nobody's any more nothing is to be remembered.
    for (const key of this.wanted)
      if (!planned.keys.has(key)) {
        const [namespace = '', name = ''] = key.split('/')
        writes.done('Alias', name, namespace)
      }
    this.wanted = planned.keys
    for (const { namespace, name, problem } of planned.problems) {
      writes.forget('Alias', name, namespace)
      writes.complain('Alias', name, problem, namespace)
    }
    // What one Gateway has may be what another lacks.
    const lacking = new Set(planned.problems.map(placeKey))
    for (const place of planned.inOrder)
      if (!lacking.has(placeKey(place))) writes.done('Alias', place.name, place.namespace)
    await writes.writeAll(planned.writes, () => this.leads)
  }
}
