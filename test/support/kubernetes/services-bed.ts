import { Gateway } from '../../../src/model/kinds/gateway.ts'
import type { LoadResult } from '../../../src/model/loaded.ts'
import type { ResourceRef } from '../../../src/model/resource.ts'
import type { Resources } from '../../../src/model/resources.ts'
import { GATEWAY_SERVICES, type GatewayServiceWant } from '../../../src/translation/gateway-services.ts'
import { translate } from '../translate.ts'
import { Seen } from '../until.ts'
import type { ApiObject } from './api-objects.ts'
import type { ApiRequest, ApiServer } from './api-server.ts'
import { allKinds, ClusterSource } from './cluster-source.ts'

/** What the deployment of a gateway says of Services. */
export const serviceSettings = { namespace: 'gateways', deployment: 'edge', type: 'LoadBalancer' } as const

/** YAML of a Gateway of the class `ours` with one listener; `spec` is what else it says. */
export const gatewayYaml = (
  name: string,
  { port = 80 as number | string, spec = '', namespace = 'default' } = {},
): string => `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: ${name}, namespace: ${namespace} }
spec: { gatewayClassName: ours, ${spec} listeners: [{ name: http, protocol: HTTP, port: ${port} }] }
---`

export const gatewayClassYaml = (name: string, controller = 'portcullis.dev/gateway'): string => `
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: ${name} }
spec: { controllerName: ${controller} }
---`

export const isServiceWrite = ({ method, path }: ApiRequest): boolean =>
  method !== 'GET' && path.includes('/services')

/** What writes Services of Gateways while it leads. */
interface Writer {
  touched(ref: ResourceRef): void
  applied(resources: Resources, wants: readonly GatewayServiceWant[]): void
  lead(leads: boolean): void
  close(): Promise<void>
}

/** A writer on an API server of our own, and what it is told of. */
export abstract class ServicesBed<W extends Writer> implements AsyncDisposable {
  readonly api: ApiServer
  readonly cluster: ClusterSource
  readonly writer: W
  private readonly taken = new Seen<readonly string[]>()

  protected constructor(api: ApiServer, make: (cluster: ClusterSource) => W) {
    this.api = api
    this.cluster = new ClusterSource(api, allKinds.all)
    this.writer = make(this.cluster)
  }

  /** The Service of a Gateway in the namespace `default`. */
  abstract of(name: string): ApiObject | undefined

  protected async begin(): Promise<this> {
    const { source } = this.cluster
    source.watchVersions(ref => this.writer.touched(ref))
    source.watch(result => this.take(result))
    this.take(await source.load())
    this.writer.lead(true)
    return this
  }

  private take({ resources }: LoadResult): void {
    const { wants } = translate(resources, { gatewayServices: serviceSettings })
    this.writer.applied(resources, wants[GATEWAY_SERVICES] as readonly GatewayServiceWant[])
    this.taken.push(resources.all(Gateway).map(({ metadata }) => metadata.name))
  }

  /** Resolves when these Gateways are in force, and no others. */
  async gateways(...names: readonly string[]): Promise<void> {
    await this.taken.first(those => those.join() === names.join())
  }

  /** Looks whenever a Service is another one. */
  async until(isSo: () => boolean): Promise<void> {
    const seen = new Seen<null>()
    const stop = this.api.collectionOf('Service').follow(Number.MAX_SAFE_INTEGER, () => seen.push(null))
    seen.push(null)
    await seen.first(isSo)
    stop()
  }

  /** Resolves when all that came before has been looked at: what is made for one more Gateway comes behind it. */
  async turn(name = 'later'): Promise<void> {
    this.api.apply(gatewayYaml(name))
    await this.until(() => this.of(name) !== undefined)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.writer.close()
    this.cluster[Symbol.dispose]()
    await this.api.stop()
  }
}
