import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { InForce } from '../../control/controller.ts'
import { openAccess } from '../../kubernetes/access.ts'
import { ApiClient } from '../../kubernetes/client.ts'
import { KeptObjects } from '../../kubernetes/kept-objects.ts'
import { KubernetesSource } from '../../kubernetes/kubernetes-source.ts'
import { clusterDomain } from '../../kubernetes/services/cluster-domain.ts'
import { GatewayAliases } from '../../kubernetes/services/gateway-aliases.ts'
import { GatewayServices } from '../../kubernetes/services/gateway-services.ts'
import { featuresOf } from '../../kubernetes/status/features.ts'
import { Leader } from '../../kubernetes/status/leader.ts'
import { serviceAddresses } from '../../kubernetes/status/published.ts'
import { PublishingService } from '../../kubernetes/status/publishing-service.ts'
import { StatusWriter } from '../../kubernetes/status/status-writer.ts'
import type { Kinds } from '../../model/kinds.ts'
import { qualifiedKind } from '../../model/resources.ts'
import { log } from '../../telemetry/log.ts'
import {
  GATEWAY_SERVICES,
  type GatewayServiceFacts,
  type GatewayServiceWant,
} from '../../translation/gateway-services.ts'
import type { ClusterOptions } from '../command/options.ts'
import { kinds as allKinds } from '../roles.ts'
import type { DataDirectory } from './data-directory.ts'

/** The cluster of --kubernetes; `failed`, and told, where it is not known how to reach it. */
export async function openCluster(
  options: ClusterOptions,
  kinds: Kinds,
  data: DataDirectory | null,
): Promise<Cluster | 'failed'> {
  try {
    const { kubeconfig, context } = options
    const access = await openAccess({ kubeconfig, context, env: process.env })
    return new Cluster(options, new ApiClient(access), kinds, data)
  } catch (error) {
    const message = `cannot reach a cluster (--kubernetes): ${error instanceof Error ? error.message : String(error)}`
    log.error('kubernetes.failed', { message })
    return 'failed'
  }
}

/** A cluster's objects as a source, and what is said of them in their statuses by the replica that leads. */
export class Cluster {
  readonly source: KubernetesSource
  private readonly writer: StatusWriter
  /** Null of a process that serves one Gateway alone: it writes nothing. */
  private readonly leader: Leader | null
  /** Null where addresses are given, or nobody is told of them. */
  private readonly publishing: PublishingService | null
  /** Null where Gateways have no Services of their own. */
  private readonly services: GatewayServices | null
  /** Null where these have no names in the namespaces of their Gateways. */
  private readonly aliases: GatewayAliases | null
  private onFound: (facts: GatewayServiceFacts) => void = () => {}
  private leading: Promise<void> | null = null

  constructor(options: ClusterOptions, client: ApiClient, kinds: Kinds, data: DataDirectory | null) {
    const { namespaces, published, lease, gatewayServices: settings, gatewayAliases, onlyGateway } = options
    const writes = onlyGateway === null
    const watched = allKinds.all
    const scope = JSON.stringify([client.access.server.href, namespaces, watched.map(qualifiedKind)])
    const kept = data && new KeptObjects({ folder: join(data.path, 'kubernetes'), scope, log })
    const servicesIn = settings === null ? {} : { servicesIn: settings.namespace }
    const source = new KubernetesSource({ client, kinds, watched, namespaces, ...servicesIn, log, kept })
    const addresses = (): readonly string[] =>
      'addresses' in published ? published.addresses : serviceAddresses(this.publishing?.known)
    const writer = new StatusWriter({ client, source, log, addresses, features: featuresOf(gatewayAliases) })
    this.source = source
    this.writer = writer
    this.leader = writes
      ? new Leader({
          client,
          namespace: lease.namespace || (client.access.namespace ?? 'default'),
          name: lease.name,
          identity: `${hostname()}_${randomUUID()}`,
          log,
          changed: leads => {
            writer.lead(leads)
            this.services?.lead(leads)
            this.aliases?.lead(leads)
          },
        })
      : null
    this.services =
      settings &&
      new GatewayServices({
        client,
        source,
        settings,
        log,
        onlyReads: !writes,
        found: facts => this.onFound(facts),
      })
    this.aliases =
      settings && gatewayAliases && writes
        ? new GatewayAliases({ client, source, settings, domain: clusterDomain(), log })
        : null
    this.publishing =
      'service' in published && writes
        ? new PublishingService({
            client,
            kinds,
            service: published.service,
            log,
            changed: () => writer.all(),
          })
        : null
    void this.publishing?.run()
    source.watchVersions(ref => {
      writer.touched(ref)
      this.services?.touched(ref)
      this.aliases?.touched(ref)
    })
  }

  /** Told where Gateways are reached that have Services of their own. */
  watchServices(onFound: (facts: GatewayServiceFacts) => void): void {
    this.onFound = onFound
  }

  /** What is in force in all workers now: the first time, statuses begin. */
  said({ resources, status, gateways, wants }: InForce): void {
    this.writer.applied({ resources, conditions: status.conditions, gateways })
    const services = (wants[GATEWAY_SERVICES] ?? []) as readonly GatewayServiceWant[]
    this.services?.applied(resources, services)
    this.aliases?.applied(resources, services)
    // Who has only what was kept would write what was right then, and take away what has come since.
    this.leading ??= Promise.all([this.source.listed, this.publishing?.settled]).then(() =>
      this.leader?.start(),
    )
  }

  /** Another replica may lead at once. */
  async stop(): Promise<void> {
    this.publishing?.close()
    await Promise.all([this.writer.close(), this.services?.close(), this.aliases?.close()])
    await this.leader?.close()
  }
}
