import { Agent } from 'node:https'
import { kinds, roles } from '../../../src/cli/roles.ts'
import type { Access } from '../../../src/kubernetes/access.ts'
import { ApiClient } from '../../../src/kubernetes/client.ts'
import { KubernetesSource, type KubernetesSourceOptions } from '../../../src/kubernetes/kubernetes-source.ts'
import type { ReflectorTimes } from '../../../src/kubernetes/reflector.ts'
import { featuresOf } from '../../../src/kubernetes/status/features.ts'
import { StatusWriter } from '../../../src/kubernetes/status/status-writer.ts'
import type { LoadResult } from '../../../src/model/loaded.ts'
import type { ResourceKind } from '../../../src/model/kind.ts'
import { Logger } from '../../../src/telemetry/log.ts'
import { translateAll } from '../../../src/translation/role.ts'
import { Seen } from '../until.ts'
import { TOKEN, type ApiServer } from './api-server.ts'

/** All that the program reads, for tests of rooms that do not know the roles. */
export const allKinds = kinds

/** Nobody waits in a test; what must not be asked too often is counted there. */
const soon: ReflectorTimes = { backoff: { firstMs: 5, mostMs: 20 }, silenceMs: 60_000, absentMs: 10 }

export function accessTo(api: ApiServer): Access {
  const agent = new Agent({ ca: api.pair.chain, keepAlive: true })
  return {
    server: api.url,
    namespace: 'portcullis',
    options: () => Promise.resolve({ agent, headers: { authorization: `Bearer ${TOKEN}` } }),
  }
}

/** The source of `run --kubernetes` in this process, with all that it has told. */
export class ClusterSource implements Disposable {
  readonly client: ApiClient
  readonly source: KubernetesSource
  readonly results = new Seen<LoadResult>()
  readonly log = new Seen<Readonly<Record<string, unknown>>>()
  readonly logger: Logger

  constructor(
    api: ApiServer,
    watched: readonly ResourceKind[],
    options: Partial<KubernetesSourceOptions> = {},
  ) {
    this.logger = new Logger({
      level: 'debug',
      human: false,
      write: line => this.log.push(JSON.parse(line) as Record<string, unknown>),
    })
    this.client = new ApiClient(accessTo(api))
    this.source = new KubernetesSource({
      client: this.client,
      kinds,
      watched,
      namespaces: [],
      log: this.logger,
      kept: null,
      times: soon,
      ...options,
    })
    this.source.watch(result => this.results.push(result))
  }

  async load(): Promise<LoadResult> {
    const result = await this.source.load()
    this.results.push(result)
    return result
  }

  /** Resolves when there are objects of exactly these names. */
  async names(...wanted: readonly string[]): Promise<LoadResult> {
    const text = wanted.toSorted().join()
    return this.results.first(result => namesOf(result) === text && this.results.all.at(-1) === result)
  }

  [Symbol.dispose](): void {
    this.source.close()
  }
}

export function namesOf({ resources }: LoadResult): string {
  return resources.list
    .map(({ metadata }) => metadata.name)
    .toSorted()
    .join()
}

/** Statuses of what a source has, as if its workers had taken over each result. */
export function writesStatuses(cluster: ClusterSource, addresses: readonly string[] = []): StatusWriter {
  const { client, source, logger: log } = cluster
  const writer = new StatusWriter({
    client,
    source,
    log,
    addresses: () => addresses,
    features: featuresOf(false),
    retryMs: 20,
  })
  source.watchVersions(ref => writer.touched(ref))
  const take = ({ resources }: LoadResult): void => {
    const { conditions, gateways } = translateAll(roles, resources)
    writer.applied({ resources, conditions, gateways })
  }
  source.watch(result => {
    cluster.results.push(result)
    take(result)
  })
  const last = cluster.results.all.at(-1)
  if (last !== undefined) take(last)
  return writer
}
