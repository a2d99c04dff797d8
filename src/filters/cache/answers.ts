import { failures } from '../../http/failures.ts'
import { NO_BODY, UNTIL_CLOSE } from '../../http/head.ts'
import { shareKey } from '../../http/share-key.ts'
import type { Stored } from '../../shared/cache/stored.ts'
import type { Transformed } from '../body.ts'
import type { Exchange, ResponseVerdict, Served } from '../filter.ts'
import type { KitClock } from '../kit.ts'
import { isOfOther, type Asking } from './asking.ts'
import type { CacheSettings } from './config.ts'
import { FillingBody } from './filling-body.ts'
import { madeOf, renewedFields, type Origin } from './making.ts'
import { outcomeNote, told, type Outcome } from './outcomes.ts'
import { serve } from './serving.ts'
import type { Shared } from './shared.ts'
import { forwardStatus, revalidatedStatus } from './status.ts'
import { isGoodOnError } from './use.ts'

/** Statuses that say that the backend has failed (RFC 5861 §4). */
const errors: ReadonlySet<number> = new Set([500, 502, 503, 504])

/** What becomes of a backend's answers: stored, taken for a word on what is, or no news because something has failed. */
export class Answers {
  private readonly settings: CacheSettings
  private readonly clock: KitClock
  private readonly shared: Shared

  constructor(settings: CacheSettings, clock: KitClock, shared: Shared) {
    this.settings = settings
    this.clock = clock
    this.shared = shared
  }

  take(x: Exchange, asking: Asking): ResponseVerdict | Promise<ResponseVerdict> {
    const { status } = x.response
    if (x.failure !== null || errors.has(status)) {
      const stale = this.onError(x, asking)
      if (stale !== null) return asking.background ? undefined : stale
    }
    if (x.failure !== null) {
      this.passed(asking)
      return undefined
    }
    if (status === 304 && asking.stored !== null) return this.confirmed(x, asking)
    return this.came(x, asking)
  }

  /** Who asks for the same need not wait; also where this one has waited in vain, and asked beside another. */
  private passed({ flight, stores, stored, question, key }: Asking): void {
    if (flight !== null) flight.end(true)
    // The answer to a condition, or what is not to be stored, says nothing of those of others.
    else if (stores && (stored !== null || !question.isConditional)) this.shared.flights.passes(key)
  }

  private onError(x: Exchange, asking: Asking): Served | null {
    const { stored, key, flight, directives, known } = asking
    const { flights, reader } = this.shared
    // What is closed here has not failed: nothing is given in its place.
    if (x.failure !== null && failures[x.failure].side !== 'upstream') return null
    if (stored === null || !isGoodOnError(stored, directives, this.clock.wallMs())) return null
    // It was changed, or purged, while the backend was asked.
    if (!reader.isStanding(stored, known)) return null
    flights.failed(key)
    flight?.end(false)
    return this.given(x, asking, stored, 'stale-if-error')
  }

  private given(x: Exchange, { wanted, conditional }: Asking, stored: Stored, outcome: Outcome): Served {
    x.notes.set(outcomeNote, told[outcome])
    const code = x.failure === null ? x.response.status : 0
    const detail = outcome === 'stale-if-error' ? outcome : ''
    const status = this.settings.statusHeader ? revalidatedStatus(code, detail) : ''
    const done = this.shared.reader.sending(stored)
    const asked = { method: x.asked.method, fields: wanted, conditional }
    return serve(stored, asked, this.clock.wallMs(), status, done)
  }

  /** RFC 9111 §4.3.4: the backend says that it is true still. */
  private confirmed(x: Exchange, asking: Asking): Promise<ResponseVerdict> {
    const stored = asking.stored!
    const { reader } = this.shared
    const fields = renewedFields(stored, x.response.fields)
    const made = this.madeOf({ status: stored.status, fields }, x, asking)
    let now = stored
    // Who may be given it has changed with what it says now, or by what it varies: then it is asked for anew.
    if (made !== null && made.place === stored.place && made.vary.join() === stored.vary.join()) {
      now = { ...made, body: stored.body, values: stored.values, vary: stored.vary }
      this.offer(now, asking, 255)
    } else {
      if (made === null || !isOfOther(asking)) reader.replaced(stored)
      this.passed(asking)
    }
    const verdict = asking.background ? undefined : this.given(x, asking, now, 'revalidated')
    // In a promise, so that the end of the 304 is read first: its connection is then kept.
    return Promise.resolve(verdict)
  }

  private came(x: Exchange, asking: Asking): ResponseVerdict {
    const { response } = x
    const made = this.storableOf(x, asking)
    this.replace(x, asking, made)
    if (made === null) {
      this.passed(asking)
      this.say(x, asking, false)
      return undefined
    }
    this.say(x, asking, true)
    if (response.length === NO_BODY || response.status === 204) return this.offer(made, asking, asking.times)
    return this.filling(response.length, asking, body => this.offer({ ...made, body }, asking, asking.times))
  }

  /** The claim goes with the answer: others look when they can find it. */
  private offer(made: Stored, { known, flight }: Asking, times: number): void {
    const passes = mustAsk(made)
    const claim = passes ? null : (flight?.claim ?? null)
    const isOffered = this.shared.reader.offer(made, times, known, claim)
    flight?.end(passes || !isOffered, isOffered && claim !== null)
  }

  /** What was asked about is true no more, where another answer has come that is not to take its place by itself. */
  private replace({ response: { status } }: Exchange, asking: Asking, made: Stored | null): void {
    const { stored, stores } = asking
    if (stored === null || !stores || status >= 500 || status === 429 || isOfOther(asking)) return
    if (made === null || made.place !== stored.place || made.values !== stored.values)
      this.shared.reader.replaced(stored)
  }

  private filling(length: number, asking: Asking, finish: (body: SharedArrayBuffer) => void): Transformed {
    const done = (body: SharedArrayBuffer | null): void => {
      if (body === null) this.passed(asking)
      else finish(body)
    }
    const limitBytes = this.mostBytes
    const memory = this.shared.fill
    return { transform: next => new FillingBody({ length, limitBytes, memory, done }, next) }
  }

  private get mostBytes(): number {
    return Math.min(this.settings.maxBodyBytes, this.shared.reader.mostBytes)
  }

  private storableOf(x: Exchange, asking: Asking): Stored | null {
    const { response } = x
    // Where the end of the connection is that of the body, nobody knows whether that was all (RFC 9112 §8).
    if (!asking.stores || response.length === UNTIL_CLOSE || response.length > this.mostBytes) return null
    // When all is full, what is asked for once is not worth the place of another.
    if (this.shared.reader.isFull && asking.times < 2) return null
    return this.madeOf(response, x, asking)
  }

  private madeOf(
    head: Parameters<typeof madeOf>[0],
    x: Exchange,
    { question, wanted, askedMs, changePlace, changes }: Asking,
  ): Stored | null {
    const client = shareKey(x.clientAddress)
    const origin: Origin = { question, request: wanted, askedMs, changePlace, changes, client }
    const made = madeOf(head, origin, this.settings, this.shared.reader, this.clock.wallMs())
    return 'stored' in made ? made.stored : null
  }

  private say(x: Exchange, { why, collapsed }: Asking, stored: boolean): void {
    if (!this.settings.statusHeader) return
    x.response.fields.add('Cache-Status', forwardStatus(why, x.response.status, stored, collapsed))
  }
}

/** Whether the backend is to be asked about it each time. */
function mustAsk({ policy: { asks, strict, staleWhileRevalidateMs }, times }: Stored): boolean {
  const usableMs = times.freshMs + (strict ? 0 : staleWhileRevalidateMs)
  return asks || usableMs <= times.initialAgeMs
}
