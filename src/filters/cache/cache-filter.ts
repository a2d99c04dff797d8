import { failures } from '../../http/failures.ts'
import { Fields } from '../../http/fields.ts'
import { NO_BODY, UNTIL_CLOSE } from '../../http/head.ts'
import { shareKey } from '../../http/share-key.ts'
import type { CacheReader } from '../../shared/cache/reader.ts'
import type { Stored } from '../../shared/cache/stored.ts'
import type { Transformed } from '../body.ts'
import type { Exchange, Filter, ResponseVerdict, Served, Verdict } from '../filter.ts'
import type { Kit } from '../kit.ts'
import { Note } from '../notes.ts'
import { conditionNames } from './conditions.ts'
import type { CacheConfig } from './config.ts'
import { directivesOf, type Directives } from './directives.ts'
import { ageMs } from './freshness.ts'
import { FillMemory } from './fill-memory.ts'
import { FillingBody } from './filling-body.ts'
import { Flights, type Flight } from './flights.ts'
import { invalidated } from './invalidation.ts'
import { madeOf, placeOf, renewedFields } from './making.ts'
import { Outcomes, outcomeNote, type Outcome } from './outcomes.ts'
import { isConditional, questionOf, urlOf, type Question } from './question.ts'
import { serve } from './serving.ts'
import { forwardStatus, hitStatus, revalidatedStatus, type Forwarded } from './status.ts'
import { isGoodOnError, ttlSeconds, useOf } from './use.ts'
import { valuesOf } from './vary.ts'

/** A request that the backend is asked, for the cache. */
interface Asking {
  readonly question: Question
  readonly directives: Directives
  readonly why: Forwarded
  /** What is stored and may be true still; null: nothing is. */
  readonly stored: Stored | null
  /** As the client sent it, where we have put other conditions into its place. */
  readonly wanted: Fields
  readonly conditional: boolean
  /** What comes may be stored. */
  readonly stores: boolean
  readonly collapsed: boolean
  readonly key: string
  readonly flight: Flight | null
  readonly askedMs: number
  readonly known: number
  /** How often it was asked for lately. */
  readonly times: number
  /** Nobody waits for it. */
  readonly background: boolean
  answered: boolean
}

/** What there is for a request. */
interface Found {
  readonly stored: Stored | null
  /** Something is stored for who asks with other values of what Vary names. */
  readonly varies: boolean
  /** By which equal requests are known. */
  readonly key: string
}

const askingNote = new Note<Asking>('cache.asking')
/** The URL that an unsafe request is for. */
const changingNote = new Note<string>('cache.changing')

const unsafe = (method: string): boolean => method !== 'OPTIONS' && method !== 'TRACE'

/** Statuses that say that the backend has failed (RFC 5861 §4). */
const errors: ReadonlySet<number> = new Set([500, 502, 503, 504])

/** A renewal that nobody waits for is given up after this. */
const RENEWAL_MS = 30_000
const MOST_RENEWALS = 64

/** What the filters of one worker have together. */
class Shared {
  readonly flights: Flights
  readonly fill = new FillMemory(64 * 1024 * 1024)
  renewals = 0

  constructor(kit: Kit) {
    this.flights = new Flights(kit.clock)
  }

  drain(): void {}
}

export class CacheFilter implements Filter {
  private readonly config: CacheConfig
  private readonly kit: Kit
  private readonly isExcepted: (x: Exchange) => boolean
  private readonly shared: Shared
  private readonly outcomes: Outcomes
  private known: CacheReader | null = null

  constructor(config: CacheConfig, isExcepted: (x: Exchange) => boolean, kit: Kit) {
    this.config = config
    this.isExcepted = isExcepted
    this.kit = kit
    this.shared = kit.keep('cache', () => new Shared(kit))
    this.outcomes = new Outcomes(config.policy, kit.metrics)
  }

  private get reader(): CacheReader {
    return (this.known ??= this.kit.responses())
  }

  // The request.

  request(x: Exchange): Verdict | Promise<Verdict> {
    const { method } = x.asked
    if (this.isExcepted(x)) return undefined
    if (method !== 'GET' && method !== 'HEAD') {
      if (unsafe(method)) x.notes.set(changingNote, urlOf(x.request))
      return undefined
    }
    const { request } = x
    // A body is no part of the key, and a backend may answer by it.
    if (request.length !== NO_BODY || request.upgrade !== '') return this.passed(x)
    const question = questionOf(x, this.config.keyHeaders, text => this.reader.digest(text))
    return question === null ? this.passed(x) : this.answer(x, question, 0)
  }

  private passed(x: Exchange): undefined {
    this.tell(x, 'bypass')
  }

  /** `untilMs`: when it has waited enough for an equal one; 0: it has not waited. */
  private answer(x: Exchange, question: Question, untilMs: number): Verdict | Promise<Verdict> {
    const { reader, kit } = this
    reader.catchUp()
    const { fields } = x.request
    const nowMs = kit.clock.wallMs()
    const found = this.find(question, fields)
    const directives = this.directivesOf(fields)
    const { stored } = found
    if (stored !== null && !directives.noStore) {
      const use = useOf(stored, directives, nowMs)
      if (use === 'renew') this.renew(x, question, found)
      if (use !== 'ask') return this.hit(x, stored, nowMs, use === 'fresh' ? 'hit' : 'stale')
      if (this.shared.flights.isFailing(found.key) && isGoodOnError(stored, directives, nowMs))
        return this.hit(x, stored, nowMs, 'stale')
    }
    if (directives.onlyIfCached) return this.unstored(x)
    return this.wait(x, question, found, untilMs) ?? this.forward(x, question, found, directives, untilMs)
  }

  /** Null where it is to ask by itself. */
  private wait(x: Exchange, question: Question, found: Found, untilMs: number): Promise<Verdict> | null {
    const { config, kit, shared } = this
    const { key, stored } = found
    if (config.collapseMs === 0 || x.asked.method !== 'GET') return null
    if (stored === null && isConditional(x.request.fields)) return null
    const flight = shared.flights.find(key)
    // What is to be asked about by each is not waited for twice: they would ask one after another.
    if (flight === undefined || (untilMs > 0 && stored !== null)) return null
    const nowMs = kit.clock.now()
    const end = untilMs === 0 ? nowMs + config.collapseMs : untilMs
    if (end <= nowMs) return null
    const waits = flight.wait(end - nowMs, x.signal, kit.clock)
    if (waits === null || waits === undefined) return null
    // Who has gone meanwhile has had its `end`: nobody would end what it begins.
    return waits.then(() => (isOver(x) ? undefined : this.answer(x, question, end)))
  }

  private find(question: Question, fields: Fields): Found {
    const { reader } = this
    const own = placeOf(question, 'same')
    let varies = false
    let values = ''
    for (const place of [own, placeOf(question, 'all')]) {
      const variants = reader.find(question.url, place)
      if (variants === undefined) continue
      values = valuesOf(variants.vary, fields)
      const stored = variants.byValues.get(values)
      if (stored !== undefined) return { stored, varies, key: `${question.url} ${own} ${values}` }
      varies = true
    }
    return { stored: null, varies, key: `${question.url} ${own} ${values}` }
  }

  private directivesOf(fields: Fields): Directives {
    if (!this.config.clientDirectives) return directivesOf(undefined)
    const text = fields.combined('cache-control')
    // RFC 9111 §5.4: of old clients.
    if (text === undefined && fields.get('pragma') === 'no-cache') return directivesOf('no-cache')
    return directivesOf(text)
  }

  private hit(x: Exchange, stored: Stored, nowMs: number, outcome: Outcome): Served {
    this.reader.used(stored)
    this.tell(x, outcome)
    const { fields } = x.request
    const status = this.config.statusHeader ? hitStatus(ttlSeconds(stored, nowMs)) : ''
    const done = this.reader.sending(stored)
    return serve(stored, { method: x.asked.method, fields }, nowMs, status, isConditional(fields), done)
  }

  /** RFC 9111 §5.2.1.7. */
  private unstored(x: Exchange): Verdict {
    this.tell(x, 'miss')
    return { failure: 'not_stored' }
  }

  // Asking.

  private forward(
    x: Exchange,
    question: Question,
    found: Found,
    directives: Directives,
    untilMs: number,
  ): undefined {
    const { fields } = x.request
    const { stored, key } = found
    const isGet = x.asked.method === 'GET'
    const conditional = isConditional(fields)
    const stores = isGet && !directives.noStore && !(stored === null && fields.has('range'))
    const leads = stores && (stored !== null || !conditional) && this.config.collapseMs > 0
    // Filters behind this one change what the backend is sent, and not what Vary is about.
    const wanted = new Fields([...fields.list])
    const flights = this.shared.flights
    const asking: Asking = {
      question,
      directives,
      why: stored !== null ? 'stale' : found.varies ? 'vary-miss' : 'uri-miss',
      // What is not to be stored cannot confirm what is (RFC 9111 §5.2.1.5): the condition was not ours.
      stored: stores ? stored : null,
      wanted,
      conditional,
      stores,
      collapsed: untilMs > 0,
      key,
      flight: leads && flights.find(key) === undefined ? flights.begin(key) : null,
      askedMs: this.kit.clock.wallMs(),
      known: this.reader.known,
      times: this.reader.asked(question.url, question.told),
      background: false,
      answered: false,
    }
    x.notes.set(askingNote, asking)
    if (stored !== null && stores) askAbout(fields, stored)
    this.tell(x, stored === null ? 'miss' : 'expired')
  }

  /** Asks the backend whether what was just served is true still; nobody waits. */
  private renew(x: Exchange, question: Question, { key, stored }: Found): void {
    const { shared, kit } = this
    if (shared.renewals >= MOST_RENEWALS || shared.flights.isFailing(key)) return
    if (shared.flights.find(key) !== undefined) return
    const flight = shared.flights.begin(key)
    if (flight === null) return
    shared.renewals++
    let cancelTimer = (): void => {}
    const cancel = x.repeat(
      this.config,
      again => {
        const { fields } = again.request
        fields.remove('cache-control')
        const wanted = new Fields([...fields.list])
        askAbout(fields, stored!)
        again.notes.set(askingNote, {
          question,
          directives: directivesOf(undefined),
          why: 'stale',
          stored,
          wanted,
          conditional: false,
          stores: true,
          collapsed: false,
          key,
          flight,
          askedMs: kit.clock.wallMs(),
          known: this.reader.known,
          times: 255,
          background: true,
          answered: false,
        })
      },
      () => {
        cancelTimer()
        shared.renewals--
        flight.end(false)
      },
    )
    cancelTimer = kit.clock.after(RENEWAL_MS, cancel)
  }

  // The answer.

  response(x: Exchange): ResponseVerdict | Promise<ResponseVerdict> {
    const changing = x.notes.get(changingNote)
    if (changing !== undefined) return this.changed(x, changing)
    const asking = x.notes.get(askingNote)
    if (asking === undefined || asking.answered) return undefined
    asking.answered = true
    const { status } = x.response
    if (x.failure !== null || errors.has(status)) {
      const stale = this.onError(x, asking)
      if (stale !== null) return asking.background ? undefined : stale
    }
    if (x.failure !== null) {
      asking.flight?.end(true)
      return undefined
    }
    if (status === 304 && asking.stored !== null) return this.confirmed(x, asking)
    return this.came(x, asking)
  }

  end(x: Exchange): void {
    const outcome = x.notes.get(outcomeNote)
    if (outcome !== undefined) this.outcomes.count(outcome)
    const asking = x.notes.get(askingNote)
    if (asking !== undefined && !asking.background) asking.flight?.end(false)
  }

  private onError(x: Exchange, asking: Asking): Served | null {
    const { stored, key, flight, directives } = asking
    const nowMs = this.kit.clock.wallMs()
    // What is closed here has not failed: nothing is given in its place.
    if (x.failure !== null && failures[x.failure].side !== 'upstream') return null
    if (stored === null || !isGoodOnError(stored, directives, nowMs)) return null
    this.shared.flights.failed(key)
    flight?.end(false)
    return this.given(x, asking, stored, 'stale-if-error')
  }

  private given(x: Exchange, asking: Asking, stored: Stored, outcome: Outcome): Served {
    const { wanted, conditional } = asking
    this.tell(x, outcome)
    const code = x.failure === null ? x.response.status : 0
    const detail = outcome === 'stale-if-error' ? outcome : ''
    const status = this.config.statusHeader ? revalidatedStatus(code, detail) : ''
    const done = this.reader.sending(stored)
    return serve(
      stored,
      { method: x.asked.method, fields: wanted },
      this.kit.clock.wallMs(),
      status,
      conditional,
      done,
    )
  }

  /** RFC 9111 §4.3.4: the backend says that it is true still. */
  private confirmed(x: Exchange, asking: Asking): Promise<ResponseVerdict> {
    const stored = asking.stored!
    const { reader } = this
    const fields = renewedFields(stored, x.response.fields)
    const made = madeOf(
      { status: stored.status, fields },
      this.originOf(x, asking),
      this.config,
      this.kit.clock.wallMs(),
    )
    let now = stored
    // Who may be given it has changed with what it says now, or by what it varies: then it is asked for anew.
    const isSame = 'stored' in made && made.stored.place === stored.place && sameNames(made.stored, stored)
    if (isSame) {
      now = { ...made.stored, body: stored.body, values: stored.values, vary: stored.vary }
      reader.offer(now, 255, asking.known)
    } else if (!('stored' in made) || !isOfOther(asking)) reader.replaced(stored)
    asking.flight?.end(!isSame || mustAsk(made.stored))
    const verdict = asking.background ? undefined : this.given(x, asking, now, 'revalidated')
    // In a promise, so that the end of the 304 is read first: its connection is then kept.
    return Promise.resolve(verdict)
  }

  private came(x: Exchange, asking: Asking): ResponseVerdict {
    const { response } = x
    const made = this.storableOf(x, asking)
    this.replace(x, asking, made)
    if (made === null) {
      asking.flight?.end(true)
      this.say(x, asking, false)
      return undefined
    }
    const finish = (body: SharedArrayBuffer | null): void => {
      const isOffered = this.reader.offer({ ...made, body }, asking.times, asking.known)
      asking.flight?.end(!isOffered || mustAsk(made))
    }
    this.say(x, asking, true)
    if (response.length === NO_BODY || response.status === 204) return finish(null)
    return this.filling(response.length, finish, asking)
  }

  /** What was asked about is true no more, where another answer has come that is not to take its place by itself. */
  private replace({ response: { status } }: Exchange, asking: Asking, made: Stored | null): void {
    const { stored, stores } = asking
    if (stored === null || !stores || status >= 500 || status === 429 || isOfOther(asking)) return
    if (made === null || made.place !== stored.place || made.values !== stored.values)
      this.reader.replaced(stored)
  }

  private filling(length: number, finish: (body: SharedArrayBuffer) => void, asking: Asking): Transformed {
    const done = (body: SharedArrayBuffer | null): void => {
      if (body === null) asking.flight?.end(true)
      else finish(body)
    }
    const limitBytes = this.mostBytes
    return {
      transform: next => new FillingBody({ length, limitBytes, memory: this.shared.fill, done }, next),
    }
  }

  private get mostBytes(): number {
    return Math.min(this.config.maxBodyBytes, this.reader.mostBytes)
  }

  private storableOf(x: Exchange, asking: Asking): Stored | null {
    const { response } = x
    // Where the end of the connection is that of the body, nobody knows whether that was all (RFC 9112 §8).
    if (!asking.stores || response.length === UNTIL_CLOSE || response.length > this.mostBytes) return null
    // When all is full, what is asked for once is not worth the place of another.
    if (this.reader.isFull && asking.times < 2) return null
    const made = madeOf(response, this.originOf(x, asking), this.config, this.kit.clock.wallMs())
    return 'stored' in made ? made.stored : null
  }

  private originOf(x: Exchange, { question, wanted, askedMs }: Asking) {
    return { question, request: wanted, askedMs, client: shareKey(x.clientAddress) }
  }

  private say(x: Exchange, { why, collapsed }: Asking, stored: boolean): void {
    if (!this.config.statusHeader) return
    x.response.fields.add('Cache-Status', forwardStatus(why, x.response.status, stored, collapsed))
  }

  /** RFC 9111 §4.4: what was changed is not what is stored. */
  private changed(x: Exchange, url: string): void {
    const { status } = x.response
    if (x.failure !== null || status < 200 || status >= 400) return
    for (const one of invalidated(url, x.response.fields)) this.reader.outdated(one)
  }

  private tell(x: Exchange, outcome: Outcome): void {
    x.notes.set(outcomeNote, outcome)
  }
}

/**
 * What is stored for a request that was sent to the backend, though it is no longer fresh; null where nothing is, it is
 * older, or must not be used without asking. It was found by who asks, as what is fresh is.
 */
export function lastGood(
  x: Exchange,
  maxAgeMs: number,
  kit: Pick<Kit, 'clock' | 'responses'>,
): Served | null {
  const asking = x.notes.get(askingNote)
  const stored = asking?.stored ?? null
  if (asking === undefined || stored === null || stored.status >= 400) return null
  const nowMs = kit.clock.wallMs()
  if (stored.policy.asks || stored.policy.strict || ageMs(stored.times, nowMs) > maxAgeMs) return null
  x.notes.set(outcomeNote, 'stale-if-error')
  const wanted = { method: x.asked.method, fields: asking.wanted }
  return serve(stored, wanted, nowMs, '', asking.conditional, kit.responses().sending(stored))
}

/** What the backend says to somebody whom we have named to it is no word on what is for all. */
function isOfOther({ question, stored }: Asking): boolean {
  return question.isTold && stored !== null && stored.place.startsWith('*')
}

function sameNames(a: Stored, b: Stored): boolean {
  return a.vary.join() === b.vary.join()
}

/** Whether the backend is to be asked about it each time. */
function mustAsk({ policy, times }: Stored): boolean {
  return policy.asks || times.freshMs <= times.initialAgeMs
}

function isOver({ signal, failure }: Exchange): boolean {
  return signal.aborted || failure !== null
}

/** Puts the conditions of what is stored into the place of the client's. */
function askAbout(fields: Fields, stored: Stored): void {
  for (const name of conditionNames) fields.remove(name)
  fields.remove('range')
  const of = new Fields([...stored.fields])
  const [etag, modified] = [of.get('etag'), of.get('last-modified')]
  if (etag !== undefined) fields.add('If-None-Match', etag)
  if (modified !== undefined) fields.add('If-Modified-Since', modified)
}
