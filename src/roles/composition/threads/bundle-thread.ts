import type { BundleLimits } from '../../../model/kinds/bundle.ts'
import type { FailureName } from '../../../http/failures.ts'
import { heapCeilingMb, heapOf, holdBytes } from './heap.ts'
import type { Guest } from '../../../proxy/guest.ts'
import type { Snapshot } from '../../../snapshot/snapshot.ts'
import type { ServiceKit } from '../../../translation/service.ts'
import type { BundleCode } from '../bundles/source.ts'
import { bundleEntry, LOAD_MS, type BundleTask, type FromBundle } from '../thread/settings.ts'
import { Beat, BEAT_MS } from './beat.ts'
import { unawaited } from '../unawaited.ts'
import { Watchdog } from './watchdog.ts'

/**
 * Three times what V8 lets be allocated before it looks for garbage, and as much as it has without being told. What a
 * request holds is in several calls at once, 40 KB of it, and is copied by each collection that comes while it waits: with
 * a quarter, as workers have, collecting took a quarter of the time of a page of three parts.
 */
const YOUNG_MB = 48

/** Why a thread has ended that was not to. */
export interface ThreadEnd {
  /** As metrics name it. */
  readonly reason: EndReason
  readonly message: string
}

export type EndReason = 'heap' | 'external' | 'stalled' | 'threw' | 'exited' | 'unloadable'

export interface ThreadOptions {
  readonly kit: Pick<ServiceKit, 'threads' | 'log'>
  /** `default/home` */
  readonly composition: string
  readonly code: BundleCode
  readonly limits: BundleLimits
  /** Of its set, and which of them it is. */
  readonly count: number
  readonly index: number
  readonly snapshot: Snapshot
  readonly printed: (text: string, thread: number) => void
  /** Once, where it has ended by itself, or had to be ended. */
  readonly onEnd: (end: ThreadEnd, thread: BundleThread) => void
}

/** One thread that runs a bundle, and is watched. */
export class BundleThread {
  /** Resolves when its code is loaded and its clusters are there; rejects where it ends before. */
  readonly loaded: Promise<void>
  readonly startedMs = performance.now()
  private readonly options: ThreadOptions
  private readonly guest: Guest
  private readonly watch: NodeJS.Timeout
  private readonly late: NodeJS.Timeout
  private readonly fail: (end: Error) => void
  private end: ThreadEnd | null = null
  private failure: FailureName = 'bundle_terminated'
  private leaving = false
  /** It has ended, or is given up. */
  isGone = false

  constructor(options: ThreadOptions) {
    const { kit, composition, code, limits, snapshot } = options
    this.options = options
    const beat = new Beat()
    const task: BundleTask = {
      task: 'serve',
      code,
      composition,
      beat: beat.memory,
      holdBytes: holdBytes(limits),
    }
    this.guest = kit.threads.begin({
      entry: bundleEntry,
      name: `portcullis-${composition}`,
      data: task,
      peers: options.count,
      index: options.index,
      resourceLimits: {
        maxOldGenerationSizeMb: heapCeilingMb(limits),
        maxYoungGenerationSizeMb: YOUNG_MB,
      },
    })
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.fail = reject
    const watchdog = new Watchdog(beat, limits)
    this.listen(() => {
      watchdog.loaded()
      resolve()
    })
    this.watch = setInterval(() => {
      const verdict = watchdog.look()
      if (verdict !== null) return this.kill(verdict, verdict.failure)
      // A loop that stands still is interrupted for that.
      if (watchdog.isStill) this.unawaited(heapOf(this.guest.worker).then(bytes => watchdog.seen(bytes)))
    }, BEAT_MS)
    this.late = setTimeout(
      () => this.kill({ reason: 'unloadable', message: `it is not loaded after ${LOAD_MS / 1000} s` }),
      LOAD_MS,
    )
    this.loaded = Promise.all([promise, this.guest.apply(snapshot)]).then(() => clearTimeout(this.late))
    this.loaded.catch(() => {})
  }

  get id(): number {
    return this.guest.id
  }

  /** Workers can send to it. */
  open(): void {
    this.guest.open()
  }

  apply(snapshot: Snapshot): void {
    this.unawaited(this.guest.apply(snapshot))
  }

  /** Lets what is under way finish, and ends it. */
  async drain(graceMs: number): Promise<void> {
    this.leaving = true
    await this.guest.drain(graceMs)
  }

  /** Ends it at once; nobody is told. */
  async destroy(): Promise<void> {
    this.leaving = true
    await this.guest.end()
  }

  private listen(loaded: () => void): void {
    const { guest } = this
    const { worker } = guest
    for (const stream of [worker.stdout, worker.stderr])
      stream.on('data', data => this.options.printed(String(data), guest.id))
    worker.on('message', (message: FromBundle) => {
      if (message.type === 'loaded') loaded()
      // What a bundle has begun may keep its loop turning.
      if (message.type === 'drained') this.unawaited(guest.end())
      if (message.type === 'unloadable') this.kill({ reason: 'unloadable', message: message.fault })
    })
    worker.on('error', error => {
      this.end ??= endOf(error)
    })
    this.unawaited(guest.ended.then(code => this.gone(code)))
  }

  private unawaited(work: Promise<unknown>): void {
    const { kit, composition } = this.options
    unawaited(work, kit.log, composition)
  }

  private kill(end: ThreadEnd, failure: FailureName = 'bundle_terminated'): void {
    if (this.end !== null) return
    this.end = end
    this.failure = failure
    this.unawaited(this.guest.end())
    // Before it has ended, which may take a while: neither its clients nor its successor need to wait for that.
    this.gone(1)
  }

  private gone(code: number): void {
    if (this.isGone) return
    this.isGone = true
    clearInterval(this.watch)
    clearTimeout(this.late)
    const end = this.end ?? { reason: 'exited', message: `it ended itself with code ${code}` }
    this.guest.lose(this.failure, end.message)
    this.fail(new Error(end.message))
    if (!this.leaving || this.end !== null) this.options.onEnd(end, this)
  }
}

function endOf(error: unknown): ThreadEnd {
  if (error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY')
    return { reason: 'heap', message: 'it needed more memory than spec.limits.heap' }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { reason: 'threw', message: `nobody caught ${text.split('\n', 2).join(' ')}` }
}
