import type { BundleSet } from './bundle-set.ts'
import { BundleThread, type ThreadEnd, type ThreadOptions } from './bundle-thread.ts'
import type { Snapshot } from '../../../snapshot/snapshot.ts'
import { unawaited } from '../unawaited.ts'

/** One that ends this soon after its beginning waits before another begins, longer each time. */
const EARLY_MS = 5_000
const MAX_BACKOFF_MS = 10_000

export interface SetOptions extends Omit<ThreadOptions, 'onEnd' | 'snapshot' | 'index'> {
  /** Other threads serve than before. */
  readonly onChange: () => void
  /** One has ended that was not to; another begins after `waitMs`. */
  readonly onEnd: (end: ThreadEnd, thread: number, waitMs: number) => void
}

/** Threads that run one version of a bundle. One that ends is replaced. */
export class ThreadSet implements BundleSet {
  private readonly options: SetOptions
  private snapshot: Snapshot
  private readonly loading = new Set<BundleThread>()
  private readonly serving = new Set<BundleThread>()
  private readonly timers = new Set<NodeJS.Timeout>()
  private ends = 0
  private hasBegun = false
  private isOver = false
  /** Why one ended, or cannot begin, that another has not yet taken the place of. */
  trouble: string | null = null

  constructor(options: SetOptions, snapshot: Snapshot) {
    this.options = options
    this.snapshot = snapshot
  }

  /** Of those that serve. */
  get ids(): readonly number[] {
    return [...this.serving].map(({ id }) => id)
  }

  /** Resolves when all of them serve; rejects where one cannot, and has none then. */
  async begin(): Promise<void> {
    const all = Array.from({ length: this.options.count }, (_, index) => this.make(index))
    try {
      await Promise.all(all.map(({ loaded }) => loaded))
      if (this.serving.size < all.length) throw new Error('a thread ended as soon as it had begun')
      this.hasBegun = true
    } catch (error) {
      await this.destroy()
      throw error
    }
  }

  /** What they know of clusters from now on. */
  apply(snapshot: Snapshot): void {
    this.snapshot = snapshot
    for (const thread of [...this.loading, ...this.serving]) thread.apply(snapshot)
  }

  /** Once nothing new is sent there: what is under way finishes, for so long at most. */
  async drain(graceMs: number): Promise<void> {
    this.stop()
    await Promise.all([...this.loading].map(thread => thread.destroy()))
    await Promise.all([...this.serving].map(thread => thread.drain(graceMs)))
  }

  private async destroy(): Promise<void> {
    this.stop()
    await Promise.all([...this.loading, ...this.serving].map(thread => thread.destroy()))
  }

  private stop(): void {
    this.isOver = true
    for (const timer of this.timers) clearTimeout(timer)
  }

  private make(index: number, onServing: (() => void) | null = null): BundleThread {
    const thread = new BundleThread({
      ...this.options,
      index,
      snapshot: this.snapshot,
      onEnd: (end, ended) => this.ended(end, ended, index),
    })
    this.loading.add(thread)
    const { kit, composition } = this.options
    unawaited(
      thread.loaded.then(
        () => this.begun(thread, onServing),
        () => void this.loading.delete(thread),
      ),
      kit.log,
      composition,
    )
    return thread
  }

  private async begun(thread: BundleThread, onServing: (() => void) | null): Promise<void> {
    this.loading.delete(thread)
    if (this.isOver) return thread.destroy()
    if (thread.isGone) return
    this.serving.add(thread)
    thread.open()
    onServing?.()
  }

  private ended(end: ThreadEnd, thread: BundleThread, index: number): void {
    const hasServed = this.serving.delete(thread)
    // Of those that begin with the set, who awaits that is told.
    if (this.isOver || !this.hasBegun) return
    const isEarly = !hasServed || performance.now() - thread.startedMs < EARLY_MS
    this.ends = isEarly ? this.ends + 1 : 1
    const waitMs = Math.min(MAX_BACKOFF_MS, 50 * 2 ** this.ends)
    this.trouble = `thread ${thread.id} has ended: ${end.message}`
    this.options.onEnd(end, thread.id, waitMs)
    this.options.onChange()
    const timer = setTimeout(() => {
      this.timers.delete(timer)
      this.make(index, () => this.replaced())
    }, waitMs)
    this.timers.add(timer)
  }

  private replaced(): void {
    if (this.serving.size === this.options.count) this.trouble = null
    this.options.onChange()
  }
}
