import { Places, type Place } from '../places/places.ts'
import { openFiles } from '../connection-bound.ts'
import type { UdpSession } from './session.ts'

/** Of the files that the process may have open, what sessions of UDP may have: each is one. */
const FILES_SHARE = 1 / 8
/** A session is an object, a socket and its handle: some 10 KB. */
export const MOST_SESSIONS = 16_384
/** Sessions that may begin between two ticks of the clock (half a second), at some 25 µs each, and those of one client among them. */
const MOST_BEGUN = 5_000
const MOST_BEGUN_OF_ONE = MOST_BEGUN / 4

/** Sessions that a worker may have. */
export function sessionBound(workers: number): number {
  return Math.max(16, Math.floor(Math.min(MOST_SESSIONS, openFiles() * FILES_SHARE) / workers))
}

/**
 * The sessions of a worker, on whatever port. The source of a datagram is whatever its sender writes: a session whose
 * client has not been heard after an answer is silent, and of these the oldest go first when all places are taken.
 */
export class SessionBook {
  private readonly places = new Places<UdpSession>()
  private readonly limit: number
  private readonly begunBy = new Map<string, number>()
  private begun = 0
  private sinceMs = 0

  constructor(limit: number) {
    this.limit = limit
  }

  /** Whether one more of this client may begin now; it counts if so. */
  mayBegin(client: string, nowMs: number): boolean {
    if (nowMs !== this.sinceMs) {
      this.sinceMs = nowMs
      this.begun = 0
      this.begunBy.clear()
    }
    const own = (this.begunBy.get(client) ?? 0) + 1
    if (this.begun >= MOST_BEGUN || own > MOST_BEGUN_OF_ONE) return false
    this.begun++
    this.begunBy.set(client, own)
    return true
  }

  /** A place, for which another session may have to end; null where there is none for this client. */
  take(client: string, session: UdpSession): Place<UdpSession> | null {
    const place = this.places.take(client, session)
    if (this.places.size <= this.limit) return place
    const loser = this.places.victim(place, nobody)
    if (loser === null) {
      place.leave()
      return null
    }
    loser.giveWay()
    return place
  }
}

/** A session that goes on is never idle: it would have ended. */
function nobody(): boolean {
  return false
}
