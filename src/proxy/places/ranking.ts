import { Ring, type Linked } from '../../http/ring.ts'

/** What a ranking knows of those whom it ranks. */
export interface Ranked<R extends Ranked<R>> extends Linked<R> {
  /** How many places it holds. */
  readonly count: number
  /** Whether one of them is silent. */
  readonly hasSilent: boolean
  level: Level<R> | null
  listed: Ring<R> | null
}

/** All that hold as many. */
export class Level<R extends Ranked<R>> {
  readonly count: number
  readonly withSilent = new Ring<R>()
  readonly others = new Ring<R>()
  higher: Level<R> | null = null
  lower: Level<R> | null = null

  constructor(count: number) {
    this.count = count
  }

  get empty(): boolean {
    return this.withSilent.first === null && this.others.first === null
  }
}

/** Who holds how many, the most first. Counts change by one: the next level is beside the last, and nothing is searched for. */
export class Ranking<R extends Ranked<R>> {
  /** Of those that hold nothing; nobody is in it. */
  private readonly ground = new Level<R>(0)
  private top: Level<R> = this.ground

  /** Null where nobody holds anything. */
  get highest(): Level<R> | null {
    return this.top === this.ground ? null : this.top
  }

  /** To be called when `count` has changed by one, or `hasSilent` has. */
  update(one: R): void {
    const from = one.level ?? this.ground
    const to = this.near(from, one.count)
    const ring = one.hasSilent ? to.withSilent : to.others
    if (ring === one.listed) return
    one.listed?.remove(one)
    if (to === this.ground) one.level = one.listed = null
    else {
      one.level = to
      one.listed = ring
      ring.push(one)
    }
    if (from !== this.ground && from.empty) this.drop(from)
  }

  private near(from: Level<R>, count: number): Level<R> {
    if (count === from.count) return from
    const lower = count > from.count ? from : from.lower!
    if (lower.count === count) return lower
    const { higher } = lower
    return higher !== null && higher.count === count ? higher : this.insert(new Level<R>(count), lower)
  }

  private insert(level: Level<R>, lower: Level<R>): Level<R> {
    level.lower = lower
    level.higher = lower.higher
    if (lower.higher === null) this.top = level
    else lower.higher.lower = level
    lower.higher = level
    return level
  }

  private drop(level: Level<R>): void {
    const { lower, higher } = level
    lower!.higher = higher
    if (higher === null) this.top = lower!
    else higher.lower = lower
    // Or one that is dead, and old, would keep all that were beside it, and those that were beside them.
    level.lower = level.higher = null
  }
}
