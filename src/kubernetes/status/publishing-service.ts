import { Service } from '../../model/kinds/service.ts'
import type { Kinds } from '../../model/kinds.ts'
import type { ResourceRef } from '../../model/resource.ts'
import { fieldOf } from '../../model/words.ts'
import type { Logger } from '../../telemetry/log.ts'
import type { ApiClient } from '../client.ts'
import { ObjectStore, type Known } from '../object-store.ts'
import { Reflector, REFLECTOR_TIMES, type ReflectorState, type ReflectorTimes } from '../reflector.ts'

export interface PublishingServiceOptions {
  readonly client: ApiClient
  readonly kinds: Kinds
  readonly service: Pick<ResourceRef, 'namespace' | 'name'>
  readonly log: Logger
  /** Called with each version of it. */
  readonly changed: () => void
  readonly times?: ReflectorTimes
}

/**
 * The Service that says where Gateways are reached, followed by its name: of whichever namespaces objects are read, it is
 * in that of the release, where a role that names it is enough.
 */
export class PublishingService {
  /** Resolves once it is known what there is of it: statuses that are written before would be without addresses. */
  readonly settled: Promise<void>
  private readonly options: PublishingServiceOptions
  private readonly store: ObjectStore
  private readonly reflector: Reflector
  private readonly settle: () => void
  /** What was told last of why it is not known. */
  private told = ''

  constructor(options: PublishingServiceOptions) {
    const { client, kinds, service, changed, times = REFLECTOR_TIMES } = options
    const { namespace, name } = service
    const { promise, resolve } = Promise.withResolvers<void>()
    this.options = options
    this.settled = promise
    this.settle = resolve
    const store = new ObjectStore(Service, kinds, true, () => changed())
    const sink = {
      put: (object: unknown) =>
        fieldOf(fieldOf(object, 'metadata'), 'name') === name ? store.put(object) : '',
      remove: (object: unknown) => {
        store.remove(object)
        this.check()
      },
      retain: (keys: ReadonlySet<string>) => {
        store.retain(namespace, keys)
        this.check()
      },
      state: (now: ReflectorState, error: Error | null) => this.stateOf(now, error),
      heard: () => {},
      gone: () => {},
    }
    this.store = store
    const collection = { kind: Service, namespace, name }
    this.reflector = new Reflector(client, collection, sink, () => Promise.resolve('served'), times)
  }

  /** Resolves when it is closed. */
  async run(): Promise<void> {
    await this.reflector.run()
  }

  close(): void {
    this.reflector.close()
  }

  /** As the server had it last. */
  get known(): Known | undefined {
    const { namespace, name } = this.options.service
    return this.store.get(namespace, name)
  }

  private stateOf(now: ReflectorState, error: Error | null): void {
    if (now === 'failing') return
    if (now !== 'synced')
      this.tell(`${error?.message ?? ''}; a role needs list and watch of services with this name`)
    this.settle()
  }

  private check(): void {
    if (this.known === undefined) this.tell('it does not exist')
    else this.told = ''
  }

  private tell(why: string): void {
    if (this.told === why) return
    this.told = why
    const { service, log } = this.options
    log.warn('kubernetes.publish_unknown', {
      service: `${service.namespace}/${service.name}`,
      message: `${why}: statuses say nothing of where Gateways and Ingresses are reached (--publish)`,
    })
  }
}
