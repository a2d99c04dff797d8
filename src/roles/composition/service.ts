import { Composition } from '../../model/kinds/composition.ts'
import { Filter } from '../../model/kinds/filter.ts'
import type { Resources } from '../../model/resources.ts'
import {
  BUNDLE_BACKENDS,
  bundleKey,
  BUNDLES,
  threadsCluster,
  type BackendClusters,
} from '../../translation/compositions.ts'
import type { RoleService, ServiceKit, Wants } from '../../translation/service.ts'
import type { BundleRun } from './bundle-run.ts'
import type { Bundled } from './bundles/source.ts'
import type { BundleFact } from './facts.ts'
import { unawaited } from './unawaited.ts'

/** Runs the bundles of all compositions and filters that are declared. */
export class Compositions implements RoleService {
  readonly name = 'compositions'
  private readonly kit: ServiceKit
  private readonly runs = new Map<string, BundleRun>()
  private facts: ReadonlyMap<string, BundleFact> = new Map()
  private clusters: BackendClusters = {}
  private stopped = false
  private turn: Promise<void> = Promise.resolve()

  constructor(kit: ServiceKit) {
    this.kit = kit
  }

  start(): void {}

  applied(wants: Wants, resources: Resources): void {
    this.clusters = (wants[BUNDLE_BACKENDS] as BackendClusters | undefined) ?? {}
    const declared = [...resources.all(Composition), ...resources.all(Filter)]
    if (declared.length === 0 && this.runs.size === 0) return
    // Who has its turn later has it whatever became of this one.
    this.turn = this.turn
      .then(() => this.take(declared))
      .catch((error: unknown) => this.kit.log.error('compositions.failed', { error }))
  }

  /** When the threads of those that can be loaded serve. */
  async ready(): Promise<void> {
    await this.turn
    await Promise.all(this.runs.values().map(run => run.settled()))
  }

  stop(): void {
    this.stopped = true
  }

  /** Not before: what workers still answer comes from these threads. */
  async ended(): Promise<void> {
    await Promise.all(this.runs.values().map(run => run.stop()))
  }

  private async take(declared: readonly Bundled[]): Promise<void> {
    // Nobody who has none loads what runs them.
    const { BundleRun } = await import('./bundle-run.ts')
    if (this.stopped) return
    const names = new Set<string>()
    for (const object of declared) {
      const key = bundleKey(object)
      names.add(key)
      try {
        const run = this.runs.get(key)
        run?.declare(object)
        run?.applied()
        if (run === undefined) this.runs.set(key, new BundleRun(this.kitOf(key, object), object))
      } catch (error) {
        // Those behind it have nothing to do with that.
        this.kit.log.error('composition.failed', { composition: key, error })
      }
    }
    for (const [key, run] of this.runs) if (!names.has(key)) this.leave(key, run)
  }

  private leave(key: string, run: BundleRun): void {
    this.runs.delete(key)
    this.facts = new Map([...this.facts].filter(([one]) => one !== key))
    // Otherwise one of this name that is declared anew would be sent to threads that have ended.
    unawaited(this.kit.give(BUNDLES, this.facts), this.kit.log, key)
    unawaited(run.stop(), this.kit.log, key)
  }

  private kitOf(composition: string, object: Bundled): ConstructorParameters<typeof BundleRun>[0] {
    return {
      kit: this.kit,
      composition,
      cluster: shape => threadsCluster(object, shape),
      clusters: () => this.clusters[composition] ?? {},
      give: fact => {
        this.facts = new Map([...this.facts, [composition, fact]])
        return this.kit.give(BUNDLES, this.facts)
      },
    }
  }
}
