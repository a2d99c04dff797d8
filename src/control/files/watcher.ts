import { watch, type FSWatcher } from 'node:fs'
import { inodeOf, type Folders } from '../../model/scan.ts'

export interface WatcherOptions {
  /** Quiet time after the last event before `changed` is called; a writer's truncation and writes are one change. */
  readonly debounceMs: number
  /** The longest that a stream of events may put it off. */
  readonly maxWaitMs: number
  readonly pollMs: number
  /** Called after a quiet time with what may have changed. */
  readonly changed: () => void
  /** Called at once with the first event after a quiet time; false where nothing has changed by it. */
  readonly began: () => boolean
  /** Called every pollMs; true where something has changed that no event told of. */
  readonly poll: () => boolean
}

interface Open {
  readonly watcher: FSWatcher
  readonly inode: string
}

/**
 * Watches folders, never files: a watched file that is replaced by a rename keeps telling about the old
 * inode. Events are hints only, as their names and kinds differ between systems and network file systems
 * send none at all; a slow poll is the safety net.
 */
export class Watcher {
  private readonly options: WatcherOptions
  private readonly watchers = new Map<string, Open>()
  private folders: Folders = new Map()
  private timer: NodeJS.Timeout | undefined
  private firstEventAt = 0
  private eventAt = -Infinity
  private beginTimer: NodeJS.Timeout | undefined
  private pollTimer: NodeJS.Timeout | undefined
  private lookTimer: NodeJS.Timeout | undefined
  private closed = false

  constructor(options: WatcherOptions) {
    this.options = options
    this.schedulePoll(options.pollMs)
  }

  /** Watches exactly these folders from now on. */
  follow(folders: Folders): void {
    this.folders = folders
    for (const [folder, { watcher, inode }] of this.watchers) {
      // A folder that was replaced by another of its name: the watch is still on the old one.
      if (folders.has(folder) && inode === inodeOf(folder)) continue
      watcher.close()
      this.watchers.delete(folder)
    }
    for (const folder of folders.keys()) if (!this.watchers.has(folder)) this.open(folder)
  }

  /** As if an event had come, `afterMs` from now at the earliest. */
  touch(afterMs: number = this.options.debounceMs): void {
    if (this.closed) return
    const now = performance.now()
    if (this.timer === undefined) this.firstEventAt = now
    else clearTimeout(this.timer)
    const latest = Math.max(0, this.firstEventAt + Math.max(this.options.maxWaitMs, afterMs) - now)
    this.timer = setTimeout(
      () => {
        this.timer = undefined
        this.options.changed()
      },
      Math.min(afterMs, latest),
    )
  }

  private event(): void {
    const now = performance.now()
    const isFirst = now - this.eventAt > this.options.debounceMs
    this.eventAt = now
    if (!isFirst && this.beginTimer === undefined) this.touch()
    else if (!this.closed) this.beginTimer ??= setTimeout(() => this.begin(), 0)
  }

  private begin(): void {
    this.beginTimer = undefined
    // What is written beside a file, to be put in its place, is no change: the next event is again the first.
    if (!this.options.began()) this.eventAt = -Infinity
  }

  /** Looks again then, whatever comes before; a later call takes the place of an earlier one. */
  lookAgain(afterMs: number): void {
    clearTimeout(this.lookTimer)
    if (this.closed || afterMs === Infinity) return
    this.lookTimer = setTimeout(() => this.touch(0), Math.ceil(afterMs))
  }

  close(): void {
    this.closed = true
    clearTimeout(this.timer)
    clearTimeout(this.beginTimer)
    clearTimeout(this.lookTimer)
    clearTimeout(this.pollTimer)
    for (const { watcher } of this.watchers.values()) watcher.close()
    this.watchers.clear()
  }

  private open(folder: string): void {
    try {
      // Before the watch is made: if it is replaced in between, the next `follow` sees the difference.
      const inode = inodeOf(folder)
      const watcher = watch(folder, (_, name) => {
        const names = this.folders.get(folder)
        // Some systems tell no name: then it may be any.
        if (!names || name === null || names.has(name)) this.event()
      })
      // The folder is gone, or the system has no more watches: the poll goes on, and `follow` tries again.
      watcher.on('error', () => this.drop(folder, watcher))
      this.watchers.set(folder, { watcher, inode })
      // A watch tells nothing of what came before it, and the folder was read before: look once more.
      this.touch()
    } catch {
      this.touch(this.options.pollMs)
    }
  }

  private drop(folder: string, watcher: FSWatcher): void {
    watcher.close()
    if (this.watchers.get(folder)?.watcher === watcher) this.watchers.delete(folder)
    this.touch()
  }

  private schedulePoll(afterMs: number): void {
    this.pollTimer = setTimeout(() => {
      const began = performance.now()
      if (this.options.poll()) this.touch()
      // At most 5 % of the time goes into polling, however many files there are.
      if (!this.closed) this.schedulePoll(Math.max(this.options.pollMs, 20 * (performance.now() - began)))
    }, afterMs)
  }
}
