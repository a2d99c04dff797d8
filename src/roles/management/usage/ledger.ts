import { randomUUID } from 'node:crypto'
import type { ServiceKit } from '../../../translation/service.ts'
import { Entry } from './entry.ts'
import { NUMBERS_OF_A_CELL, OTHER, type Flush } from './flush.ts'
import { NumberSet } from './number-set.ts'
import type { Spill } from './spill.ts'

/** Where entries are written, once each: one that is there already changes nothing. */
export interface EntryStore {
  write(entry: Entry): Promise<void>
}

export interface LedgerOptions {
  readonly kit: Pick<ServiceKit, 'log' | 'calendar' | 'metrics'>
  readonly store: EntryStore
  /** Null where nothing can be kept on disk. */
  readonly spill: Spill | null
  /** Whether that it was not taken says nothing of the entry: the database cannot be reached. */
  readonly isAway: (error: unknown) => boolean
}

/** What the workers of this turn have to say comes in together. */
const GATHER_MS = 200
/** A write or a save is followed by a pause of so many times as long as it took: no more than a tenth of the time goes into them. */
const PAUSE_FACTOR = 9
const LONGEST_PAUSE_MS = 10_000
const FIRST_RETRY_MS = 1_000
const LAST_RETRY_MS = 30_000
/** An entry that a store which is there refuses so often is not what is wrong with the store. */
const MOST_TRIES = 5
/** How often what waits is saved to disk, while the store is away, or does not answer for so long. */
const SAVE_MS = 2_000

/**
 * Takes what workers have counted, and brings it into the store, each flush once. Nothing is dropped while the store is
 * away: what comes is added up (entry.ts says within what bounds), and saved to disk every few seconds. An entry that
 * was tried is not added to any more, because nobody knows whether the store has it.
 */
export class Ledger {
  private readonly options: LedgerOptions
  private readonly writer = randomUUID()
  private number = 0
  /** By book: the numbers of flushes that were added. */
  private readonly heard = new Map<string, NumberSet>()
  private open: Entry
  /** Was tried, and may be in the store. */
  private tried: Entry | null = null
  /** Files of earlier processes. */
  private left: string[] = []
  private timer: (() => void) | null = null
  private writing: Promise<void> | null = null
  private saving: Promise<void> | null = null
  private failures = 0
  /** How often the next entry was refused. */
  private refusals = 0
  /** Until then nothing is written, by performance.now(). */
  private restUntilMs = 0
  /** From then on what waits is saved, where it cannot be written. */
  private saveFromMs = performance.now() + SAVE_MS
  /** Nothing is written before there is a store, and after the end. */
  private state: 'waits' | 'runs' | 'stopped' = 'waits'
  private readonly written
  private readonly failed
  private readonly refused
  private readonly waiting
  private readonly others

  constructor(options: LedgerOptions) {
    this.options = options
    this.open = this.newEntry()
    const { metrics } = options.kit
    this.written = metrics.counter('portcullis_usage_entries_total', { result: 'written' })
    this.failed = metrics.counter('portcullis_usage_entries_total', { result: 'failed' })
    this.refused = metrics.counter('portcullis_usage_entries_total', { result: 'refused' })
    this.waiting = metrics.gauge('portcullis_usage_waiting_requests', {})
    this.others = metrics.counter('portcullis_usage_other_requests_total', {})
  }

  /** The store is there. Begins with what an earlier process has left. */
  async start(): Promise<void> {
    if (this.state !== 'waits') return
    this.state = 'runs'
    this.saveFromMs = Infinity
    const { spill, kit } = this.options
    // What this one has saved meanwhile it still has.
    const own = new Set([this.open, this.tried].map(entry => entry && spill?.fileOf(entry.id)))
    this.left = ((await spill?.list()) ?? []).filter(file => !own.has(file))
    if (this.left.length > 0) {
      kit.log.info('usage.left', {
        files: this.left.length,
        message: 'usage that an earlier process could not write',
      })
    }
    if (this.left.length > 0 || this.open.size > 0) this.schedule(0)
  }

  /** Whether what this process has counted may be in the store already. */
  get hasWritten(): boolean {
    return this.number > 1
  }

  /** Resolves when what earlier processes have left is in the store, or it turned out that it cannot be just now. */
  async leftIsWritten(): Promise<void> {
    if (this.left.length > 0) await this.write()
  }

  /** One that was heard before is passed over. */
  hear(flush: Flush): void {
    let numbers = this.heard.get(flush.book)
    if (numbers === undefined) this.heard.set(flush.book, (numbers = new NumberSet()))
    if (!numbers.add(flush.number)) return
    this.open.add(flush)
    this.others.add(othersOf(flush))
    this.tellWaiting()
    if (performance.now() >= this.saveFromMs) void this.saveNow()
    this.schedule(GATHER_MS)
  }

  /** Writes what there is, or else has it on disk. */
  async stop(): Promise<void> {
    const { state } = this
    this.state = 'stopped'
    this.timer?.()
    this.timer = null
    await this.writing
    if (this.failures > 0) await this.saveNow()
    if (state === 'runs' && (this.open.size > 0 || this.tried !== null)) await this.write()
    if (this.open.size > 0 || this.tried !== null) await this.saveNow()
  }

  private schedule(afterMs: number): void {
    if (this.timer !== null || this.writing !== null || this.state !== 'runs') return
    const waitMs = Math.max(afterMs, this.restUntilMs - performance.now())
    this.timer = this.options.kit.calendar.after(waitMs, () => {
      this.timer = null
      void this.write()
    })
  }

  private write(): Promise<void> {
    this.writing ??= this.writeAll().then(againMs => {
      this.writing = null
      if (againMs !== null) this.schedule(againMs)
    })
    return this.writing
  }

  /** Answers when to go on; null where there is nothing to do. Never rejects. */
  private async writeAll(): Promise<number | null> {
    const startedMs = performance.now()
    this.saveFromMs = Math.min(this.saveFromMs, startedMs + SAVE_MS)
    try {
      while (this.tried !== null || this.open.size > 0) await this.writeOne(this.seal())
      while (this.left.length > 0) await this.writeLeft(this.left[0]!)
    } catch (error) {
      return this.fail(error)
    }
    if (this.failures > 0)
      this.options.kit.log.info('usage.written', { message: 'the store takes usage again' })
    this.failures = 0
    this.saveFromMs = Infinity
    this.restUntilMs = afterPause(startedMs)
    return this.open.size > 0 ? GATHER_MS : null
  }

  private seal(): Entry {
    if (this.tried !== null) return this.tried
    const entry = this.open
    this.open = this.newEntry()
    return (this.tried = entry)
  }

  private async writeOne(entry: Entry): Promise<void> {
    const { spill } = this.options
    try {
      await this.options.store.write(entry)
      this.written.add(1)
    } catch (error) {
      if (!this.isRefused(error)) throw error
      await spill?.save(entry)
      await this.setAside(spill?.fileOf(entry.id) ?? null, error)
    }
    this.tried = null
    this.refusals = 0
    this.tellWaiting()
    await this.saving
    await spill?.remove(entry.id)
  }

  private async writeLeft(file: string): Promise<void> {
    const { spill, store } = this.options
    try {
      const entry = await spill!.load(file)
      await store.write(entry)
      this.written.add(1)
      await spill!.remove(entry.id)
    } catch (error) {
      if (!this.isRefused(error)) throw error
      await this.setAside(file, error)
    }
    this.refusals = 0
    this.left.shift()
  }

  /** Others wait behind it: it is not tried for ever. */
  private isRefused(error: unknown): boolean {
    if (this.options.isAway(error)) return false
    return ++this.refusals >= MOST_TRIES
  }

  private async setAside(file: string | null, error: unknown): Promise<void> {
    this.refused.add(1)
    const aside = file === null ? null : await this.options.spill!.setAside(file)
    this.options.kit.log.error('usage.refused', { file: aside, error })
  }

  private fail(error: unknown): number {
    this.failed.add(1)
    const { log } = this.options.kit
    if (this.failures++ === 0)
      log.warn('usage.unwritten', { error, message: 'usage is kept, and written when the store takes it' })
    void this.saveNow()
    return Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(this.failures - 1, 10))
  }

  /** Never rejects. */
  private saveNow(): Promise<void> {
    this.saveFromMs = Infinity
    const startedMs = performance.now()
    this.saving ??= this.save()
      .catch((error: unknown) => this.options.kit.log.error('usage.unsaved', { error }))
      .then(() => {
        this.saving = null
        if (this.failures > 0 || this.writing !== null || this.state === 'waits')
          this.saveFromMs = Math.max(performance.now() + SAVE_MS, afterPause(startedMs))
      })
    return this.saving
  }

  private async save(): Promise<void> {
    const { spill } = this.options
    if (spill === null) return
    if (this.tried !== null) await spill.save(this.tried)
    if (this.open.size > 0) await spill.save(this.open)
  }

  private newEntry(): Entry {
    return new Entry({ writer: this.writer, number: ++this.number })
  }

  private tellWaiting(): void {
    this.waiting.set(this.open.requests + (this.tried?.requests ?? 0))
  }
}

/** By performance.now(), of what began then and is over. */
function afterPause(startedMs: number): number {
  const nowMs = performance.now()
  return nowMs + Math.min((nowMs - startedMs) * PAUSE_FACTOR, LONGEST_PAUSE_MS)
}

function othersOf({ apis }: Flush): number {
  let requests = 0
  for (const { consumers } of apis)
    for (const { application, operations } of consumers)
      if (application === OTHER)
        for (const { cells } of operations)
          for (let i = 1; i < cells.length; i += NUMBERS_OF_A_CELL) requests += cells[i]!
  return requests
}
