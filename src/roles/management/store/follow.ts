import type { Kysely } from 'kysely'
import type { Cancel, Clock } from '../../../upstream/clock.ts'
import { changesAfter } from './feed.ts'
import type { Follower, Following } from './store.ts'
import type { Tables } from './tables.ts'

/** After a failure, and where others write too and one may not have been woken. Half of what a revocation may take. */
const lookAgainMs = 1_000

export interface Followed {
  readonly db: Kysely<Tables>
  /** Its id. */
  readonly store: string
  readonly clock: Clock
  /** Whether other processes write, of which one may not hear. */
  readonly shared: boolean
  closed(following: Follow): void
}

/** Tells one follower what was committed, one reading after another. */
export class Follow implements Following {
  revision: number
  private readonly followed: Followed
  private store: string
  private readonly follower: Follower
  private readonly loop: Promise<void>
  private waiting: (() => void)[] = []
  private woken = true
  private isClosed = false
  private sleeper: (() => void) | null = null

  constructor(followed: Followed, after: number, follower: Follower) {
    this.followed = followed
    this.store = followed.store
    this.revision = after
    this.follower = follower
    this.loop = this.run()
  }

  wake(): void {
    this.woken = true
    this.sleeper?.()
  }

  caughtUp(): Promise<void> {
    return new Promise(resolve => {
      if (this.isClosed) return resolve()
      this.waiting.push(resolve)
      this.wake()
    })
  }

  async close(): Promise<void> {
    this.isClosed = true
    this.wake()
    await this.loop
    this.followed.closed(this)
    this.released(this.waiting)
  }

  private async run(): Promise<void> {
    while (!this.isClosed) {
      this.woken = false
      const waiting = this.waiting
      this.waiting = []
      const failed = await this.look()
      this.follower.state?.(failed)
      if (failed === null) this.released(waiting)
      else this.waiting = [...waiting, ...this.waiting]
      await this.sleep(failed !== null)
    }
  }

  private async look(): Promise<Error | null> {
    try {
      while (!this.isClosed && (await this.step()));
      return null
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error))
    }
  }

  /** Whether there is more. */
  private async step(): Promise<boolean> {
    const feed = await changesAfter(this.followed.db, this.store, this.revision)
    if (feed.kind === 'gap') {
      await this.follower.reset(feed.revision)
      this.store = feed.store
      this.revision = feed.revision
      return true
    }
    if (feed.changes.length > 0) await this.follower.changed(feed.changes, feed.upTo)
    this.revision = feed.upTo
    return feed.more
  }

  /** After a failure nobody's word wakes it: what is down would be asked as often as somebody has something to say. */
  private sleep(failed: boolean): Promise<void> {
    return new Promise(resolve => {
      let cancel: Cancel = () => undefined
      const awake = (): void => {
        this.sleeper = null
        cancel()
        resolve()
      }
      if (this.isClosed || (this.woken && !failed)) return awake()
      this.sleeper = () => {
        if (this.isClosed || !failed) awake()
      }
      if (failed || this.followed.shared) cancel = this.followed.clock.after(lookAgainMs, awake)
    })
  }

  private released(waiting: readonly (() => void)[]): void {
    for (const resolve of waiting) resolve()
  }
}
