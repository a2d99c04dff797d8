import { crowdKey } from '../http/share-key.ts'

/** Clients that are known each by itself. Who comes when there are so many counts by its network, of which there are so many; the rest are one. */
const MOST_CLIENTS = 4_096
const MOST_NETWORKS = 1_024
/** What a client asks for in a look is the mean of some ten: a page whose parts are asked for at once is no flood. */
const FADES = 0.1
/**
 * Who asks for less in a look (25 times in a second) counts as if it asked for that: or of who has thousands of addresses
 * and asks once from each, nobody would seem to ask for less, and those who ask now and then would lose more than it.
 */
const GENTLE = 0.5
/** Who has asked for no more than that is forgotten: of one request after a third of a second. */
const FORGOTTEN = 0.02
/** Each client begins elsewhere between two refusals, so that those who ask once are not all served, or all refused. */
const GOLDEN = (Math.sqrt(5) - 1) / 2
/** Most steps to the level: it is seldom more than four away, and what is left of it then is little. */
const STEPS = 12

/** A client, a network, or all who are beyond what is known. */
interface Sharer {
  /** Since the last look. */
  count: number
  /** In a look, as a mean that fades. */
  mean: number
  /** What is left over of what is refused to it: at 1 a request is. */
  left: number
}

/**
 * Which requests of one priority are refused, where a part of them is: those of the clients with most. As water that is
 * poured over them: whoever asks for less than its level is served whole, and all others get as much as each other. Within
 * a client refusals are spread evenly, and no chance decides.
 */
export class FairLevel {
  /** Of all requests, as it is to be until the next look. */
  private share = 0
  /** Requests in a look that a client is served; NaN where nobody came before the last look. */
  private level = Number.NaN
  private readonly sharers = new Map<string, Sharer>()
  /** Those who have come since the last look. */
  private present: Sharer[] = []
  private seed = 0

  /** How many clients and networks are known. */
  get size(): number {
    return this.sharers.size
  }

  /** Counts a request; answers whose it is. */
  met(client: string): Sharer {
    const sharer = this.sharers.get(client) ?? this.stranger(client)
    if (sharer.count++ === 0) this.present.push(sharer)
    return sharer
  }

  /** What share of the requests of this one is refused. */
  odds(sharer: Sharer): number {
    const { share, level } = this
    if (share === 0 || share === 1 || Number.isNaN(level)) return share
    const asked = Math.max(GENTLE, meanOf(sharer))
    return asked <= level ? 0 : 1 - level / asked
  }

  /** Whether this request of it is. */
  refuses(sharer: Sharer, odds: number): boolean {
    sharer.left += odds
    if (sharer.left < 1) return false
    sharer.left--
    return true
  }

  /** A look: from now on this share of all is to be refused, by what has come since the last one. */
  turn(share: number): void {
    this.share = share
    for (const [key, sharer] of this.sharers) {
      sharer.mean = meanOf(sharer)
      if (sharer.mean < FORGOTTEN) this.sharers.delete(key)
    }
    this.level = share > 0 && share < 1 ? this.levelFor(1 - share) : Number.NaN
    for (const sharer of this.present) sharer.count = 0
    this.present = []
  }

  clear(): void {
    this.share = 0
    this.level = Number.NaN
    this.sharers.clear()
    this.present = []
  }

  /**
   * At which this share of what came would have been served. What is served by the level is a line with corners that is
   * less and less steep, so that Newton's steps come to it from below.
   */
  private levelFor(share: number): number {
    let all = 0
    for (const { count } of this.present) all += count
    if (all === 0) return Number.NaN
    let level = 0
    for (let step = 0; step < STEPS; step++) {
      let whole = 0
      let perLevel = 0
      for (const { count, mean } of this.present) {
        const asked = Math.max(GENTLE, mean)
        if (asked <= level) whole += count
        else perLevel += count / asked
      }
      if (perLevel === 0) return level
      const next = (share * all - whole) / perLevel
      if (next <= level) return level
      level = next
    }
    return level
  }

  private stranger(client: string): Sharer {
    const { sharers } = this
    if (sharers.size < MOST_CLIENTS) return this.add(client)
    const network = crowdKey(client)
    const known = sharers.get(network)
    if (known !== undefined) return known
    if (sharers.size < MOST_CLIENTS + MOST_NETWORKS) return this.add(network)
    return sharers.get('') ?? this.add('')
  }

  private add(key: string): Sharer {
    this.seed = (this.seed + GOLDEN) % 1
    const sharer = { count: 0, mean: 0, left: this.seed }
    this.sharers.set(key, sharer)
    return sharer
  }
}

/** As it would be if this were a look. */
function meanOf({ count, mean }: Sharer): number {
  return mean + FADES * (count - mean)
}
