import { isDeepStrictEqual } from 'node:util'
import type { Manifest } from '../../composition/manifest/manifest.ts'
import type { Transcoding } from '../../composition/manifest/transcoding.ts'
import type { FilterShape } from '../../shared/crossing/filtering.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import type { ServiceKit } from '../../translation/service.ts'
import { extractedOf } from './bundles/extracted-of.ts'
import { Follower, stampsOf } from './bundles/follower.ts'
import {
  lodgedOf,
  nameOf,
  sourceOf,
  type BundleCode,
  type Bundled,
  type BundleSource,
} from './bundles/source.ts'
import type { BundleFact } from './facts.ts'
import { narrowed } from './threads/narrowed.ts'
import type { BundleSet } from './threads/bundle-set.ts'
import { holdBytes } from './threads/heap.ts'
import { LodgerSet } from './threads/lodger-set.ts'
import { ThreadSet } from './threads/thread-set.ts'
import { unawaited } from './unawaited.ts'

/** What is under way in threads that have been replaced gets this long. */
const LEAVE_MS = 30_000

/** What may pass is tried again after so long, twice as long each time. */
const FIRST_RETRY_MS = 1_000
const MOST_RETRY_MS = 60_000

export interface RunKit {
  readonly kit: ServiceKit
  /** bundleKey: `default/home`, `filter/default/tenant`. */
  readonly composition: string
  /** Whose endpoints its threads are; of a filter, of what it does. */
  readonly cluster: (shape: FilterShape | null) => string
  /** Gives the fact to translation; resolves when that is in force in every worker. */
  readonly give: (fact: BundleFact) => Promise<void>
  /** The clusters of its backends by their names, of the translation in force. */
  readonly clusters: () => Readonly<Record<string, string>>
}

/**
 * One composition, or filter, that is declared: its code is extracted, run by threads, and followed. One thing after another; what
 * comes meanwhile is done once behind it.
 */
export class BundleRun {
  private readonly options: RunKit
  private readonly follower: Follower
  private source: BundleSource
  private set: BundleSet | null = null
  private manifest: Manifest | null = null
  private fault: string | null = null
  private places: BundleFact['places'] = []
  /** Why threads of new code could not begin. */
  private trouble: string | null = null
  private snapshot: Snapshot | null = null
  /** Threads of before are left what they have while others take over. */
  private isReplacing = false
  private isDue = false
  private busy: Promise<void> | null = null
  private isOver = false
  /** How often it could not be begun, since it is what it is. */
  private failures = 0
  private retry: NodeJS.Timeout | undefined

  constructor(options: RunKit, object: Bundled) {
    this.options = options
    this.source = sourceOf(object)
    this.follower = new Follower(() => this.changed())
    this.renew()
  }

  /** Resolves when nothing of it is under way. */
  async settled(): Promise<void> {
    while (this.busy !== null) await this.busy
  }

  /** The object as it is now: other code, or other limits, are other threads. */
  declare(object: Bundled): void {
    const source = sourceOf(object)
    if (isDeepStrictEqual(source, this.source)) return
    this.source = source
    this.changed()
  }

  /** Something else is in force: its threads get what of that is theirs. */
  applied(): void {
    const { set, manifest, snapshot } = this
    if (set === null || manifest === null || snapshot === null || this.isReplacing) return
    const next = this.narrow(manifest, snapshot.version + 1)
    if (next === null || isDeepStrictEqual({ ...next, version: snapshot.version }, snapshot)) return
    this.snapshot = next
    set.apply(next)
  }

  /** It is declared no more. */
  async stop(): Promise<void> {
    this.isOver = true
    clearTimeout(this.retry)
    this.follower.close()
    await this.settled()
    await this.set?.drain(LEAVE_MS)
  }

  /** It is something else: what could not be begun of before is nothing to this. */
  private changed(): void {
    this.failures = 0
    this.renew()
  }

  private renew(): void {
    clearTimeout(this.retry)
    this.isDue = true
    const { kit, composition } = this.options
    this.busy ??= this.work()
      .catch((error: unknown) => kit.log.error('composition.failed', { composition, error }))
      .finally(() => {
        this.busy = null
      })
  }

  private async work(): Promise<void> {
    while (this.isDue && !this.isOver) {
      this.isDue = false
      try {
        await this.load()
      } catch (error) {
        // Nobody awaits this: what is wrong with one composition must not end what serves all.
        await this.refuse(String(error))
      }
    }
  }

  private async load(): Promise<void> {
    const { source } = this
    const { kit, composition } = this.options
    const { code } = source
    const stamp = stampsOf(code !== null && 'file' in code ? [code.file] : [])
    const extracted = await extractedOf(source, line => this.printed(line, 0))
    const { manifest, fault, places = [], files, text, transcoding = null, mayPass = false } = extracted
    this.follower.follow(new Map([...stampsOf(files), ...stamp]))
    if (this.isOver) return
    this.places = places
    if (manifest === null || code === null) return this.refuse(fault ?? '', mayPass)
    this.fault = null
    this.isReplacing = true
    try {
      await this.replace('file' in code ? { ...code, ...(text && { text }) } : code, manifest, transcoding)
    } finally {
      this.isReplacing = false
    }
    this.applied()
    if (this.trouble !== null) return
    this.failures = 0
    kit.log.info('composition.serving', {
      composition,
      bundle: nameOf(code),
      threads: this.set?.ids ?? [],
      lodges: this.set instanceof LodgerSet,
      routes: manifest.routes.length,
    })
  }

  private async refuse(fault: string, mayPass = false): Promise<void> {
    this.fault = mayPass ? `${fault} (it is tried again)` : fault
    this.tellRefused(fault, mayPass)
    await this.give(this.manifest)
  }

  private tellRefused(fault: string, mayPass: boolean): void {
    const { kit, composition } = this.options
    const again = mayPass ? { retryMs: this.tryAgain() } : {}
    kit.log.error('composition.refused', { composition, fault, serves: this.set !== null, ...again })
  }

  /** After how long. */
  private tryAgain(): number {
    const waitMs = Math.min(MOST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.failures++)
    this.retry = setTimeout(() => this.renew(), waitMs)
    return waitMs
  }

  /** Those of before serve until these do, and finish what they have begun. */
  private async replace(
    code: BundleCode,
    manifest: Manifest,
    transcoding: Transcoding | null,
  ): Promise<void> {
    // In force before threads begin: they are to find the clusters of their backends.
    await this.give(manifest)
    const snapshot = this.narrow(manifest, 1)
    if (snapshot === null || this.isOver) return
    const before = this.set
    const set = this.newSet(code, transcoding, snapshot)
    try {
      await set.begin()
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      this.trouble = `its threads cannot begin: ${why} (it is tried again)`
      this.tellRefused(`its threads cannot begin: ${why}`, true)
      return this.give(this.manifest ?? manifest)
    }
    this.trouble = null
    this.manifest = manifest
    this.snapshot = snapshot
    this.set = set
    await this.give(manifest)
    if (before !== null) unawaited(before.drain(LEAVE_MS), this.options.kit.log, this.options.composition)
  }

  private newSet(code: BundleCode, transcoding: Transcoding | null, snapshot: Snapshot): BundleSet {
    const { kit, composition } = this.options
    const { threads, limits } = this.source
    const served = lodgedOf({ code, threads }, transcoding)
    if (served !== null)
      return new LodgerSet({ kit, task: { composition, served, holdBytes: holdBytes(limits) } }, snapshot)
    return new ThreadSet(
      {
        kit,
        composition,
        code,
        limits,
        count: threads ?? 1,
        printed: (text, thread) => this.printed(text, thread),
        onChange: () => unawaited(this.give(this.manifest), kit.log, composition),
        onEnd: ({ reason, message }, thread, waitMs) => {
          kit.log.error('composition.thread_ended', { composition, thread, reason, message, waitMs })
          kit.metrics.counter('portcullis_composition_restarts_total', { composition, reason }).add(1)
        },
      },
      snapshot,
    )
  }

  /** Null before anything is in force. */
  private narrow(manifest: Manifest, version: number): Snapshot | null {
    const { kit, composition: key, cluster, clusters } = this.options
    const own = cluster(manifest.filter ?? null)
    const served = kit.served()
    return served && { version, ...narrowed(served, { key, own }, manifest, clusters()) }
  }

  private async give(manifest: Manifest | null): Promise<void> {
    if (this.isOver) return
    const { set, fault, places, trouble } = this
    await this.options.give({
      // What clients are told is to change with the threads that answer them.
      manifest: this.manifest ?? manifest,
      backends: manifest?.backends ?? [],
      // Of the threads that serve: how they are asked is in force with them.
      filter: (this.manifest ?? manifest)?.filter ?? null,
      fault,
      places,
      threads: set?.ids ?? [],
      lodges: set instanceof LodgerSet,
      trouble: trouble ?? set?.trouble ?? null,
    })
  }

  private printed(text: string, thread: number): void {
    const { kit, composition } = this.options
    for (const line of text.split('\n'))
      if (line.trim() !== '')
        kit.log.info('composition.printed', { composition, thread, text: line.slice(0, MOST_PRINTED) })
  }
}

/** Of a line. */
const MOST_PRINTED = 1_000
