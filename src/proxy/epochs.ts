import { Observer, type Sinks } from './observe.ts'

/** What only exchanges that began in certain epochs can hold. */
interface Leaving {
  /** The first and the last of them. */
  readonly since: number
  readonly until: number
  readonly close: () => void
}

/**
 * The epochs of a worker: one for each snapshot, with the observer of the exchanges that begin under it. What a
 * snapshot takes away, such as a rule and its numbers, is closed when the last exchange is over that may hold it.
 */
export class Epochs {
  /** Of exchanges that begin now. */
  current: Observer
  private readonly sinks: Sinks
  /** Of snapshots before, as long as exchanges of theirs are under way. */
  private before: Observer[] = []
  private leaving: Leaving[] = []

  constructor(sinks: Sinks) {
    this.sinks = sinks
    this.current = this.observer(0, 0)
  }

  /** Begins the next one, of a snapshot of this version; exchanges may still begin in the one before, until `settle`. */
  next(version = this.current.version): Observer {
    this.before.push(this.current)
    this.current = this.observer(this.current.epoch + 1, version)
    return this.current
  }

  /** Nothing begins any more but in the current one. */
  settle(): void {
    for (const observer of this.before) observer.retire()
    this.sweep()
  }

  /** `since` is the epoch in which it came to be; it is in none that begins from now on. */
  leave(since: number, close: () => void): void {
    this.leaving.push({ since, until: this.current.epoch - 1, close })
  }

  /** Exchanges under way, whenever they began. */
  get active(): number {
    return this.before.reduce((sum, { active }) => sum + active, this.current.active)
  }

  private observer(epoch: number, version: number): Observer {
    return new Observer(this.sinks, epoch, () => this.sweep(), version)
  }

  private sweep(): void {
    this.before = this.before.filter(observer => !observer.isOver)
    const stays: Leaving[] = []
    for (const one of this.leaving)
      if (this.before.some(({ epoch }) => one.since <= epoch && epoch <= one.until)) stays.push(one)
      else one.close()
    this.leaving = stays
  }
}
