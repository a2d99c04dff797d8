import type { ResourceKind } from '../model/kind.ts'
import type { Kinds } from '../model/kinds.ts'
import { settle, sinceFirstAsked, type FileContent, type FileState } from '../model/last-good.ts'
import { resultOf, type LoadResult } from '../model/loaded.ts'
import type { ResourceRef } from '../model/resource.ts'
import { qualifiedKind } from '../model/resources.ts'
import type { Logger } from '../telemetry/log.ts'
import type { Source } from '../translation/source.ts'
import type { ApiClient } from './client.ts'
import type { Collection } from './collection.ts'
import { Discovery, type Presence } from './discovery.ts'
import type { KeptObjects } from './kept-objects.ts'
import { ObjectStore, type Known, type ObjectChange } from './object-store.ts'
import { Reflector, REFLECTOR_TIMES, type ReflectorState, type ReflectorTimes } from './reflector.ts'

export interface KubernetesSourceOptions {
  readonly client: ApiClient
  /** By which objects are judged. */
  readonly kinds: Kinds
  /** Those that are asked for: also of roles that do not run, since what their objects protect is closed then. */
  readonly watched: readonly ResourceKind[]
  /** None: all. */
  readonly namespaces: readonly string[]
  /** Where Services are read also if it is none of these; absent: nowhere. */
  readonly servicesIn?: string
  readonly log: Logger
  /** Null: nothing is kept over a restart. */
  readonly kept: KeptObjects | null
  readonly times?: ReflectorTimes
  /** How long a cluster that was known before may take to be listed until what is kept of it is served. */
  readonly patienceMs?: number
}

const PATIENCE_MS = 5_000
/** Changes come in bursts: the first is told at once, and those behind it together, this much later. */
const TOGETHER_MS = 10
const HASTEN_MS = 5_000
/** Kinds that have nothing of ours in their status. */
const WITHOUT_STATUS = new Set([
  'Namespace',
  'Secret',
  'ConfigMap',
  'ClusterTrustBundle',
  'ReferenceGrant',
  'EndpointSlice',
  'IngressClass',
])

interface Followed {
  readonly store: ObjectStore
  readonly reflector: Reflector
  state: ReflectorState | null
  /** Whether it has been missing for a while. */
  isGone: boolean
}

/**
 * Declared objects of a cluster: lists and watches of all kinds, judged as those of files are. `load` resolves when each
 * kind has been listed, or is known not to be there; where a cluster cannot be reached, with what was kept of it.
 */
export class KubernetesSource implements Source {
  readonly name = 'kubernetes'
  private readonly options: KubernetesSourceOptions
  private readonly stores: ReadonlyMap<string, ObjectStore>
  private readonly followed: readonly Followed[]
  private readonly discovery: Discovery
  private readonly closing = new AbortController()
  private readonly since = sinceFirstAsked()
  private readonly loaded = Promise.withResolvers<LoadResult>()
  private readonly allListed = Promise.withResolvers<void>()
  private readonly failing = new Set<Followed>()
  private readonly absent = new Set<Followed>()
  private isListed = false
  private isLoaded = false
  private state: readonly FileState[] = []
  private last: LoadResult | null = null
  private timer: NodeJS.Timeout | null = null
  private lastToldMs = 0
  private hastenedMs = -Infinity
  private onChange: ((result: LoadResult) => void) | null = null
  private onTouched: ((ref: ResourceRef) => void) | null = null

  constructor(options: KubernetesSourceOptions) {
    this.options = options
    const { watched, kinds, namespaces, times = REFLECTOR_TIMES } = options
    const stores = watched.map(kind => {
      const store: ObjectStore = new ObjectStore(kind, kinds, !WITHOUT_STATUS.has(kind.kind), (change, key) =>
        this.changed(store, change, key),
      )
      return store
    })
    this.discovery = new Discovery(options.client, watched, this.closing.signal, times.absentMs / 2)
    this.stores = new Map(stores.map(store => [qualifiedKind(store.kind), store]))
    this.followed = stores.flatMap(store =>
      namespaces.length === 0 || store.kind.scope === 'Cluster'
        ? [this.follow(store, null)]
        : this.namespacesOf(store.kind).map(namespace => this.follow(store, namespace)),
    )
  }

  /** Resolves once all of the cluster is listed; until then what was kept of it may be served. */
  get listed(): Promise<void> {
    return this.allListed.promise
  }

  async load(): Promise<LoadResult> {
    const { kept, patienceMs = PATIENCE_MS } = this.options
    const stores = [...this.stores.values()]
    // Before anything is listed: what is new among what was kept may be what is still to be protected.
    const before = (await kept?.read(stores)) ? this.result() : null
    for (const { reflector } of this.followed) void reflector.run()
    const timer = before && setTimeout(() => this.serveKept(before), patienceMs).unref()
    const result = await this.loaded.promise
    if (timer !== null) clearTimeout(timer)
    return result
  }

  watch(onChange: (result: LoadResult) => void): void {
    this.onChange = onChange
  }

  /** Told of each object that has another version, whatever of it is another thing. */
  watchVersions(onTouched: (ref: ResourceRef) => void): void {
    this.onTouched = onTouched
  }

  reload(): void {
    for (const { reflector } of this.followed) reflector.relist()
    if (this.last !== null && this.isLoaded) this.onChange?.(this.last)
  }

  close(): void {
    this.closing.abort()
    for (const { reflector } of this.followed) reflector.close()
    if (this.timer !== null) clearTimeout(this.timer)
    this.onChange = null
    this.onTouched = null
    void this.options.kept?.close()
  }

  /** As the server had it last; undefined where it has none, or the kind is not followed. */
  known(ref: ResourceRef): Known | undefined {
    return this.stores.get(qualifiedKind(ref))?.get(ref.namespace, ref.name)
  }

  /** The kind of this name that is followed. */
  kindOf(ref: Pick<ResourceRef, 'group' | 'kind'>): ResourceKind | null {
    return this.stores.get(qualifiedKind(ref))?.kind ?? null
  }

  /** By which version of its API the server has a kind. */
  versionOf({ group, kind }: Pick<ResourceRef, 'group' | 'kind'>): string {
    const followed = this.followed.find(
      ({ store }) => store === this.stores.get(qualifiedKind({ group, kind })),
    )
    return followed?.reflector.apiVersion ?? 'v1'
  }

  private namespacesOf({ group, kind }: ResourceKind): readonly string[] {
    const { namespaces, servicesIn } = this.options
    const isMore = group === '' && kind === 'Service' && servicesIn !== undefined
    return isMore ? [...new Set([...namespaces, servicesIn])] : namespaces
  }

  private follow(store: ObjectStore, namespace: string | null): Followed {
    const collection: Collection = { kind: store.kind, namespace }
    const sink = {
      put: (object: unknown) => store.put(object),
      remove: (object: unknown) => store.remove(object),
      retain: (keys: ReadonlySet<string>) => store.retain(namespace, keys),
      state: (now: ReflectorState, error: Error | null) => this.stateOf(followed, collection, now, error),
      heard: () => this.heard(),
      gone: () => void this.gone(followed),
    }
    const presence = async (): Promise<Presence> =>
      (await this.discovery.presences()).get(qualifiedKind(store.kind))!
    const followed: Followed = {
      store,
      reflector: new Reflector(this.options.client, collection, sink, presence, this.options.times),
      state: null,
      isGone: false,
    }
    return followed
  }

  /**
   * Kinds that have gone lose their objects in one step, once each of them is known to have gone: of definitions that are
   * deleted together those of policies may be noticed first, and what they protected must not stay without them.
   */
  private async gone(noticed: Followed): Promise<void> {
    noticed.isGone = true
    const presences = await this.discovery.presences().catch(() => null)
    if (presences === null || !noticed.isGone) return
    const absent = this.followed.filter(({ store }) => presences.get(qualifiedKind(store.kind)) === 'absent')
    const unnoticed = absent.filter(({ isGone }) => !isGone)
    for (const { state, reflector } of unnoticed) if (state === 'synced') reflector.relist()
    if (unnoticed.length > 0) return
    for (const { store } of absent) store.retain(null, new Set())
  }

  private stateOf(
    followed: Followed,
    collection: Collection,
    now: ReflectorState,
    error: Error | null,
  ): void {
    const before = followed.state
    followed.state = now
    if (now !== 'missing') followed.isGone = false
    if (before !== now) this.tellState(followed, collection, error)
    if (!this.isListed && this.followed.every(one => this.isKnown(one))) this.begin()
  }

  /**
   * Those that fail would wait as long as they have waited for a server that was gone. Not often: where some kinds fail
   * alone, the others must not make them ask without a pause.
   */
  private heard(): void {
    if (this.failing.size === 0 || performance.now() - this.hastenedMs < HASTEN_MS) return
    this.hastenedMs = performance.now()
    for (const { reflector } of this.failing) reflector.hasten()
  }

  /** A server that is gone fails for all kinds: it is told once, with the first of them. */
  private tellState(followed: Followed, { kind, namespace }: Collection, error: Error | null): void {
    const { log } = this.options
    const about = { kind: qualifiedKind(kind), ...(namespace !== null && { namespace }) }
    const { state } = followed
    const failed = this.failing.size > 0
    if (state === 'failing') this.failing.add(followed)
    else this.failing.delete(followed)
    if (state === 'failing' && !failed) log.warn('kubernetes.failing', { ...about, error: error?.message })
    if (failed && this.failing.size === 0) log.info('kubernetes.followed', {})
    if (state === 'forbidden') {
      const message = `${error?.message ?? ''}; its role needs list and watch`
      log.error('kubernetes.forbidden', { ...about, message })
    }
    if (state === 'elsewhere') log.error('kubernetes.version_unknown', { ...about, message: error?.message })
    if (state === 'missing' && this.isListed && !this.absent.has(followed))
      log.warn('kubernetes.kind_missing', about)
    if (state === 'synced' && this.absent.delete(followed)) log.info('kubernetes.kind_found', about)
    if (state === 'missing' || state === 'forbidden' || state === 'elsewhere') this.absent.add(followed)
  }

  /**
   * What cannot be had is not there, where it is so by definition (no such kind), and where only one who may see the whole
   * cluster could have it. What is forbidden otherwise is waited for: it may be what protects the rest.
   */
  private isKnown({ state, store }: Followed): boolean {
    const narrowed = this.options.namespaces.length > 0 && store.kind.scope === 'Cluster'
    return state === 'synced' || state === 'missing' || (state === 'forbidden' && narrowed)
  }

  private begin(): void {
    const { log, kept, client } = this.options
    this.isListed = true
    const missing = this.followed.filter(({ state }) => state === 'missing')
    const names = [...new Set(missing.map(({ store }) => qualifiedKind(store.kind)))]
    const objects = [...this.stores.values()].reduce((sum, { validations }) => sum + validations.length, 0)
    log.info('kubernetes.listed', {
      server: client.access.server.host,
      objects,
      ...(names.length > 0 && { missing: names }),
    })
    if (this.isLoaded) this.later()
    else this.serve(this.result())
    kept?.begin([...this.stores.values()])
    this.allListed.resolve()
  }

  /** All that was known at the last run, and nothing of what has been listed since, until all is listed. */
  private serveKept(result: LoadResult): void {
    if (this.isLoaded) return
    const waits = this.followed
      .filter(one => !this.isKnown(one))
      .map(({ store }) => qualifiedKind(store.kind))
    this.options.log.warn('kubernetes.kept', {
      server: this.options.client.access.server.host,
      kinds: [...new Set(waits)],
      message: 'these kinds are not listed yet: what was known of the cluster at the last run is served',
    })
    this.serve(result)
  }

  private serve(result: LoadResult): void {
    this.isLoaded = true
    this.loaded.resolve(result)
  }

  private changed(store: ObjectStore, change: ObjectChange, key: string): void {
    const [namespace = '', name = ''] = key.split('/')
    this.onTouched?.({ group: store.kind.group, kind: store.kind.kind, namespace, name })
    if (change === 'status') return
    this.options.kept?.changed(store)
    this.later()
  }

  private later(): void {
    if (!this.isListed || this.timer !== null) return
    const sinceMs = performance.now() - this.lastToldMs
    this.timer = setTimeout(() => this.tell(), Math.max(0, TOGETHER_MS - sinceMs))
  }

  private tell(): void {
    this.timer = null
    const now = this.result()
    this.lastToldMs = performance.now()
    this.onChange?.(now)
  }

  private result(): LoadResult {
    const contents = Array.from(this.stores, ([name, { validations }]): FileContent => ({
      file: name,
      validations,
      problems: [],
      whole: true,
      unread: [],
      attached: [],
      parts: [],
    }))
    const settled = settle(contents, this.state, this.since)
    this.state = settled.files
    this.last = resultOf(settled, [], this.last?.resources ?? null)
    return this.last
  }
}
