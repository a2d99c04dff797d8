import { isDeepStrictEqual } from 'node:util'
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
import type { ApiClient } from '../client.ts'
import type { KubernetesSource } from '../kubernetes-source.ts'
import type { Known } from '../object-store.ts'
import { balancerAddresses, clusterAddresses } from '../status/published.ts'
import { Deployments, isAvailable, troubleOf } from './deployments.ts'
import { FOREIGN, isMadeFor } from './made.ts'
import { planDeployments } from './plan-deployments.ts'
import { ofGateway, ownOf, planServices, type Promised } from './plan.ts'
import { Rounds } from './rounds.ts'
import type { DeploymentTemplate } from './wanted-deployment.ts'
import type { ServiceTemplate } from './wanted-service.ts'
import { Writes } from './writes.ts'

export interface GatewayServicesOptions {
  readonly client: ApiClient
  readonly source: Pick<KubernetesSource, 'known'>
  readonly settings: GatewayServiceSettings
  readonly log: Logger
  /** Told of where Gateways are reached, and why not, when that is another thing. */
  readonly found: (facts: GatewayServiceFacts) => void
  /** It will never lead: what is still to be made for Gateways is nothing to it. */
  readonly onlyReads?: boolean
  /** How long after a first failure it is tried again; 1 s where absent. */
  readonly retryMs?: number
  readonly clock?: Clock
}

/** What is in force, and what is to be there for it. */
interface Spoken {
  readonly resources: Resources
  readonly wants: readonly GatewayServiceWant[]
}

const RETRY_MS = 1_000

/**
 * A Service for each Gateway, and a Deployment for each that is to have Pods of its own, in the namespace of the Pods, as
 * the deployment's own are: made, changed and deleted as long as this process leads. All replicas read in the Service which
 * ports they listen on (translation/gateway-services.ts), and which Pods serve (translation/data-planes.ts). What somebody
 * else has made under its name is never touched.
 */
export class GatewayServices {
  private readonly options: GatewayServicesOptions
  private readonly writes: Writes
  private readonly deployments: Deployments
  private spoken: Spoken | null = null
  private leads = false
  private template: ServiceTemplate | null = null
  private facts: GatewayServiceFacts = new Map()
  /** The ports of Services that have been written and may not have come back. */
  private promised: Promised = new Map()
  private readonly rounds = new Rounds(
    () => this.leads && !this.writes.isClosed && this.spoken !== null,
    () => this.work(),
  )

  constructor(options: GatewayServicesOptions) {
    this.options = options
    const { client, settings, log, clock = systemClock, retryMs = RETRY_MS } = options
    const { namespace } = settings
    const again = (): void => this.look()
    const changed = (): void => {
      this.tell()
      this.look()
    }
    this.writes = new Writes({ client, namespace, log, clock, retryMs, again, failed: () => this.tell() })
    this.deployments = new Deployments(client, namespace, changed)
    if (options.onlyReads !== true) void this.deployments.run()
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
    this.writes.clear()
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
      this.writes.forget('Service', name)
    } else {
      // One with a finalizer is not gone when its deletion was taken, and is not to be deleted once more.
      if (this.known(name) === undefined) this.writes.done('Service', name)
      if (!this.isWatched(name)) return
    }
    this.tell()
    this.look()
  }

  async close(): Promise<void> {
    this.writes.close()
    this.deployments.close()
    await this.rounds.ended
  }

  private isWatched(name: string): boolean {
    return this.facts.has(name) || ownOf(this.known(name), this.options.settings) !== null
  }

  private known(name: string): Known | undefined {
    const { namespace } = this.options.settings
    return this.options.source.known({ group: '', kind: 'Service', namespace, name })
  }

  private tell(): void {
    if (this.spoken === null || this.writes.isClosed) return
    const facts = new Map(this.spoken.wants.map(want => [want.name, this.factOf(want)]))
    if (isDeepStrictEqual(facts, this.facts)) return
    this.facts = facts
    this.options.found(facts)
  }

  private factOf({ name, gateway, dataPlane }: GatewayServiceWant): GatewayServiceFact {
    const known = this.known(name)
    const { settings } = this.options
    const isOurs = ofGateway(known, gateway, settings) !== null
    const waits = dataPlane === null || this.options.onlyReads === true ? '' : this.awaited(name, gateway)
    if (known !== undefined && !isOurs) return { addresses: [], problem: FOREIGN, waits }
    const problem = this.trouble || this.writes.problemOf('Service', name)
    const type = fieldOf(fieldOf(known?.validation.resource?.body, 'spec'), 'type')
    if (typeof type !== 'string') return { addresses: [], problem, waits }
    const addresses = type === 'LoadBalancer' ? balancerAddresses(known) : clusterAddresses(known)
    return { addresses, type, problem, waits }
  }

  /** Why the deployment's own Service cannot be read; "" where it can. */
  private get trouble(): string {
    const { deployment } = this.options.settings
    const text = this.writes.problemOf('Service', deployment)
    const what = `the Service ${deployment} (--publish), which it is made like, cannot be read`
    return text === '' ? '' : `${what}: ${text}`
  }

  /** What the Pods of a Gateway are still to come to; "" where they serve. */
  private awaited(name: string, gateway: ResourceRef): string {
    const { deployments, writes } = this
    const { settings } = this.options
    const title = `Deployment ${settings.namespace}/${name}`
    const known = deployments.get(name)
    if (known !== undefined && !isMadeFor(known, gateway, settings)) return `${title}: ${FOREIGN}`
    const problem = deployments.problem || writes.problemOf('Deployment', name)
    if (problem !== '') return `${title}: ${problem}`
    if (known === undefined) return `${title} is still to be made for it`
    if (isAvailable(known)) return ''
    const trouble = troubleOf(known)
    const why = trouble === '' ? '' : `: ${trouble}`
    return `${title} has no Pod of its newest version that is available yet${why}`
  }

  private look(): void {
    this.rounds.ask()
  }

  private async work(): Promise<void> {
    this.template ??= await this.readTemplate()
    const { template, spoken, writes, deployments } = this
    if (template === null || spoken === null) return
    const { settings } = this.options
    const isThere = (ref: ResourceRef): boolean => this.options.source.known(ref) !== undefined
    const services = planServices({
      ...spoken,
      settings,
      template,
      known: name => this.known(name),
      promised: this.promised,
      isAvailable: want => this.isAvailable(want),
      isThere,
    })
    this.promised = services.promised
    // Of what cannot be read it is not known what there is.
    const planes =
      deployments.problem === ''
        ? planDeployments({ ...spoken, settings, template: this.pods(template), deployments, isThere })
        : { writes: [], problems: new Map<string, string>(), inOrder: [] }
    if (deployments.isRefused)
      for (const { name, dataPlane } of spoken.wants)
        if (dataPlane !== null) writes.complain('Deployment', name, deployments.problem)
    for (const [kind, planned] of [
      ['Service', services],
      ['Deployment', planes],
    ] as const) {
      for (const [name, problem] of planned.problems) {
        writes.forget(kind, name)
        writes.complain(kind, name, problem)
      }
      for (const name of planned.inOrder) writes.done(kind, name)
    }
    await writes.writeAll([...services.writes, ...planes.writes], () => this.leads)
    this.tell()
  }

  private isAvailable({ name, gateway }: GatewayServiceWant): boolean {
    const known = this.deployments.get(name)
    return known !== undefined && isMadeFor(known, gateway, this.options.settings) && isAvailable(known)
  }

  /** The deployment itself, which is called like its Service. */
  private pods({ spec: { selector = {} } }: ServiceTemplate): DeploymentTemplate | string {
    const { namespace, deployment: name } = this.options.settings
    const deployment = this.deployments.get(name)
    return deployment === undefined
      ? `there is no Deployment ${namespace}/${name}, whose Pods those of a Gateway are made like`
      : { deployment, selector }
  }

  /** What the deployment's own Service says; null, and told, where it cannot be had. */
  private async readTemplate(): Promise<ServiceTemplate | null> {
    const { deployment } = this.options.settings
    const object = await this.writes.read('Service', deployment)
    if (object === null) return null
    const uid = fieldOf(fieldOf(object, 'metadata'), 'uid')
    const spec = (fieldOf(object, 'spec') ?? {}) as ServiceTemplate['spec']
    if (Object.keys(spec.selector ?? {}).length > 0) return { uid: typeof uid === 'string' ? uid : '', spec }
    this.writes.complain('Service', deployment, 'it has no selector')
    this.tell()
    return null
  }
}
