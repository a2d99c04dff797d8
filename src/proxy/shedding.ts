import { CRITICAL, NORMAL, SHEDDABLE, type Rank } from '../filters/priority.ts'
import { FairLevel } from './fair-level.ts'

export interface SheddingLimits {
  /** Shedding begins where the loop was later than this at each of three looks. */
  readonly beginMs: number
  /** While requests are shed, this is what the others are to wait. */
  readonly targetMs: number
}

export const sheddingLimits: SheddingLimits = { beginMs: 30, targetMs: 3 }

/** How often the delay is looked at: as long as the loop is in time, so that an idle worker is woken seldom; and otherwise. */
const WATCHING_MS = 50
const SHEDDING_MS = 20

/** So many in a row are to find the loop late: one pause of the garbage collector is no overload. */
const LOOKS = 3
/** Or two, where the second is so much later: behind a pause there is less to do than in it, and with three times too much the third turn takes a second. */
const GROWS = 1.2
/**
 * Requests between two looks that are taken in any case: a thread that gets no processor has not too much to do. As many
 * however late the look is: where requests are too much, looks are late as well, and what is taken for that makes the next
 * one later still.
 */
const LEAST = 4
/** What is known of the mix of priorities fades by this at each look. */
const MIX = 0.25
/** Of the delay: a half of what is seen counts at once. */
const SMOOTH = 0.5
/** A loop that has nothing to do for more than a twentieth of the time is not behind: what is long is a lump that came at once. */
const BUSY = 0.95
/** Share refused for each ms above the target: at once, and at each look in addition. */
const AT_ONCE = 0.008
const IN_TIME = 0.0008
/** More than that above the target says no more. */
const MOST_ABOVE_MS = 100
/** There are few ms below the target, and recovery is not to take minutes. */
const BELOW = 2
/** An answer to everybody takes time too: something is always tried. */
const MOST = 0.95
/**
 * Where the loop is late all the same, clients come again at once, and each refusal takes the time of a good part of a
 * request: less and less is refused then, by so much each look, down to this. It grows as slowly once the loop is in time.
 */
const FUTILE = 0.5
const YIELD = 0.01
/** Shedding is over when nothing had to be refused for so long. */
const CALM_MS = 2_000

/**
 * What share of each priority is refused, so that those who are taken wait for the event loop no longer than a target.
 * A proportional and integral controller of the delay decides what share of all requests that is; of the least important
 * ones first, within a priority of the clients with most of it (fair-level.ts), and of Critical ones none. It knows no
 * clock: whoever looks at the loop tells it of each look.
 */
export class Shedding {
  /** Something may be refused: `refuses` is to be asked, for each request. */
  active = false
  /** Of all requests, as judged at the last look. */
  share = 0
  /** Of the delay, as judged at the last look. */
  delayMs = 0
  private readonly limits: SheddingLimits
  /** In a row that have found the loop late. */
  private lateLooks = 0
  private integral = 0
  /** The share is to be no more. */
  private most = MOST
  private calmSinceMs = 0
  /** Of this look, by rank. */
  private readonly came = [0, 0, 0]
  /** As many as come in a look, by rank. */
  private readonly mix = [0, 0, 0]
  /** By rank, but for Critical, of which none are refused. */
  private readonly levels = [null, new FairLevel(), new FairLevel()] as const
  private taken = 0

  constructor(limits: SheddingLimits = sheddingLimits) {
    this.limits = limits
  }

  /** In how many ms to look again. */
  get periodMs(): number {
    return this.active || this.lateLooks > 0 ? SHEDDING_MS : WATCHING_MS
  }

  /**
   * A look at the loop: how late it was or, while requests are shed, how long what comes waits; and in what share of the
   * time since the last look it had something to do. True where shedding has begun, or ended, with it.
   */
  look(delayMs: number, nowMs: number, busy = 1): boolean {
    const standsMs = busy < BUSY ? 0 : delayMs
    return this.active ? this.steer(standsMs, nowMs) : this.begins(standsMs, nowMs)
  }

  /** Asked once for each request, while `active`. `client`: whose share it counts as (http/share-key.ts). */
  refuses(rank: Rank, client: string): boolean {
    this.came[rank]!++
    const level = this.levels[rank]
    if (level === null) return false
    const sharer = level.met(client)
    const odds = level.odds(sharer)
    if (odds === 0) return false
    if (this.taken < LEAST) {
      this.taken++
      return false
    }
    return level.refuses(sharer, odds)
  }

  private begins(delayMs: number, nowMs: number): boolean {
    this.lateLooks = delayMs < this.limits.beginMs ? 0 : this.lateLooks + 1
    const grows = this.lateLooks > 1 && delayMs > GROWS * this.delayMs
    this.delayMs = delayMs
    if (this.lateLooks < LOOKS && !grows) return false
    this.lateLooks = 0
    this.active = true
    this.integral = 0
    this.most = MOST
    this.calmSinceMs = nowMs
    this.mix.fill(0)
    this.came.fill(0)
    // What has come by now is as much as the loop is late: it is not to be taken whole.
    this.steer(delayMs, nowMs)
    return true
  }

  private steer(delayMs: number, nowMs: number): boolean {
    this.delayMs += SMOOTH * (delayMs - this.delayMs)
    const above = Math.min(MOST_ABOVE_MS, this.delayMs - this.limits.targetMs)
    const futile = this.share >= this.most && this.delayMs > this.limits.beginMs
    this.most = Math.max(FUTILE, Math.min(MOST, this.most + (futile ? -YIELD : YIELD)))
    this.integral = this.within(this.integral + IN_TIME * (above < 0 ? BELOW * above : above))
    this.share = this.within(this.integral + AT_ONCE * above)
    this.divide()
    if (this.share > 0) this.calmSinceMs = nowMs
    if (nowMs - this.calmSinceMs < CALM_MS) return false
    this.active = false
    this.share = 0
    for (const level of this.levels) level?.clear()
    return true
  }

  private within(share: number): number {
    return Math.max(0, Math.min(this.most, share))
  }

  /** Refuses the least important first, by what came lately of each. */
  private divide(): void {
    const { came, mix } = this
    let all = 0
    for (const rank of ranks) {
      mix[rank]! += MIX * (came[rank]! - mix[rank]!)
      came[rank] = 0
      all += mix[rank]!
    }
    this.taken = 0
    let due = this.share * all
    for (const rank of [SHEDDABLE, NORMAL] as const) {
      // When it begins nothing is known of the mix.
      const share = all === 0 ? this.share : due <= 0 ? 0 : due >= mix[rank]! ? 1 : due / mix[rank]!
      this.levels[rank].turn(share)
      due -= mix[rank]!
    }
  }
}

const ranks = [CRITICAL, NORMAL, SHEDDABLE] as const
