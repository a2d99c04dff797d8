import { Fields } from '../../http/fields.ts'
import { NO_BODY } from '../../http/head.ts'
import type { Stored } from '../../shared/cache/stored.ts'
import type { FilterConfig } from '../../snapshot/rule.ts'
import type { Exchange, Filter, ResponseVerdict, Served, Verdict } from '../filter.ts'
import type { Kit } from '../kit.ts'
import { Note } from '../notes.ts'
import { Answers } from './answers.ts'
import { askAbout, askingNote, momentOf, whyOf } from './asking.ts'
import type { CacheSettings } from './config.ts'
import { directivesOf, noDirectives, type Directives } from './directives.ts'
import type { Flight } from './flights.ts'
import { foundFor, storedFor, type Found } from './found.ts'
import { invalidated } from './invalidation.ts'
import { Outcomes, outcomeNote, told, waitedNote, type Outcome } from './outcomes.ts'
import { Questions, urlOf, type Question } from './question.ts'
import { Renewals } from './renewals.ts'
import { serveHit } from './serving.ts'
import { Shared } from './shared.ts'
import { isGoodOnError, useOf } from './use.ts'

/** The URL that an unsafe request is for. */
const changingNote = new Note<string>('cache.changing')

const unsafe = (method: string): boolean => method !== 'OPTIONS' && method !== 'TRACE'

export class CacheFilter implements Filter {
  private readonly settings: CacheSettings
  private readonly kit: Kit
  private readonly shared: Shared
  private readonly questions: Questions
  private readonly answers: Answers
  private readonly renewals: Renewals
  private readonly outcomes: Outcomes

  /** `config` is what the filter is known by, `policy` what its series are named after. */
  constructor(config: FilterConfig, settings: CacheSettings, policy: string, kit: Kit) {
    const shared = kit.keep('cache', () => new Shared(kit))
    this.settings = settings
    this.kit = kit
    this.shared = shared
    const digest = (text: string): string => shared.reader.digest(text)
    this.questions = new Questions(settings.keyHeaders, digest, settings.keysAll)
    this.answers = new Answers(settings, kit.clock, shared)
    this.renewals = new Renewals(config, kit.clock, shared)
    this.outcomes = new Outcomes(policy, kit.metrics)
  }

  request(x: Exchange): Verdict | Promise<Verdict> {
    const { request } = x
    const { method } = x.asked
    if (method !== 'GET' && method !== 'HEAD') {
      if (unsafe(method)) x.notes.set(changingNote, urlOf(request))
      return undefined
    }
    // A body is no part of the key, and a backend may answer by it.
    const isAsked = request.length === NO_BODY && request.upgrade === ''
    const question = isAsked ? this.questions.of(x) : null
    if (question !== null) return this.answer(x, question, 0)
    this.tell(x, 'bypass')
    return undefined
  }

  /** `untilMs`: when it has waited enough for an equal one; 0: it has not waited. */
  private answer(x: Exchange, question: Question, untilMs: number): Verdict | Promise<Verdict> {
    const { reader, flights } = this.shared
    reader.catchUp()
    const { fields } = x.request
    const nowMs = this.kit.clock.wallMs()
    const stored = storedFor(reader, question, fields)
    const directives = question.hasDirectives ? this.directivesOf(fields) : noDirectives
    if (stored !== null && !directives.noStore) {
      const use = useOf(stored, directives, nowMs)
      if (use === 'renew') this.renewals.begin(x, question, stored)
      if (use !== 'ask') return this.hit(x, question, stored, nowMs, use === 'fresh' ? 'hit' : 'stale')
    }
    const found = foundFor(reader, question, fields, stored)
    if (stored !== null && !directives.noStore)
      if (flights.isFailing(found.key) && isGoodOnError(stored, directives, nowMs))
        return this.hit(x, question, stored, nowMs, 'stale')
    if (directives.onlyIfCached) return this.unstored(x)
    return this.wait(x, question, found, untilMs) ?? this.forward(x, question, found, directives, untilMs)
  }

  private directivesOf(fields: Fields): Directives {
    if (!this.settings.clientDirectives) return noDirectives
    const text = fields.combined('cache-control')
    // RFC 9111 §5.4: of old clients.
    if (text === undefined && fields.get('pragma') === 'no-cache') return directivesOf('no-cache')
    return directivesOf(text)
  }

  private hit(
    x: Exchange,
    { isConditional }: Question,
    stored: Stored,
    nowMs: number,
    outcome: Outcome,
  ): Served {
    const { reader } = this.shared
    reader.used(stored)
    this.tell(x, outcome)
    const asked = { method: x.asked.method, fields: x.request.fields, conditional: isConditional }
    return serveHit(stored, asked, nowMs, this.settings.statusHeader, reader.sending(stored))
  }

  /** RFC 9111 §5.2.1.7. */
  private unstored(x: Exchange): Verdict {
    this.tell(x, 'miss')
    return { failure: 'not_stored' }
  }

  /** Null where it is to ask by itself. */
  private wait(x: Exchange, question: Question, found: Found, untilMs: number): Promise<Verdict> | null {
    const { key, stored } = found
    if (this.settings.collapseMs === 0 || x.asked.method !== 'GET') return null
    if (stored === null && question.isConditional) return null
    // What is to be asked about by each is not waited for twice: they would ask one after another.
    if (untilMs > 0 && stored !== null) return null
    const end = this.endOf(untilMs)
    const flight = this.shared.flights.find(key, end - this.kit.clock.now())
    return flight === undefined ? null : this.waitFor(flight, x, question, end)
  }

  private waitFor(flight: Flight, x: Exchange, question: Question, end: number): Promise<Verdict> | null {
    const { clock } = this.kit
    const leftMs = end - clock.now()
    const waits = leftMs <= 0 ? null : flight.wait(leftMs, x.signal, clock)
    // Who has gone meanwhile has had its `end`: nobody would end what it begins.
    if (waits === null) return null
    x.notes.set(waitedNote, true)
    return waits.then(() => (isOver(x) ? undefined : this.answer(x, question, end)))
  }

  private endOf(untilMs: number): number {
    return untilMs === 0 ? this.kit.clock.now() + this.settings.collapseMs : untilMs
  }

  private forward(
    x: Exchange,
    question: Question,
    found: Found,
    directives: Directives,
    untilMs: number,
  ): Verdict | Promise<Verdict> {
    const { fields } = x.request
    const { stored, key } = found
    const { reader, flights } = this.shared
    const { isConditional } = question
    const isGet = x.asked.method === 'GET'
    const stores = isGet && !directives.noStore && !(stored === null && fields.has('range'))
    const leads = stores && (stored !== null || !isConditional) && this.settings.collapseMs > 0
    const end = this.endOf(untilMs)
    const flight = leads ? flights.begin(key, end - this.kit.clock.now()) : null
    // Another worker has been first by an instant, or has stored it just before it gave back the claim.
    const waits = flight?.isElsewhere === true && (untilMs === 0 || stored === null)
    const late = waits ? this.waitFor(flight, x, question, end) : null
    if (late !== null) return late
    if (flight?.claim != null && reader.catchUp() && storedFor(reader, question, fields) !== stored) {
      flight.end(false)
      return this.answer(x, question, untilMs)
    }
    x.notes.set(askingNote, {
      question,
      directives,
      why: whyOf(found),
      // What is not to be stored cannot confirm what is (RFC 9111 §5.2.1.5): the condition was not ours.
      stored: stores ? stored : null,
      // Filters behind this one change what the backend is sent, and not what Vary is about.
      wanted: new Fields([...fields.list]),
      conditional: isConditional,
      stores,
      collapsed: untilMs > 0,
      key,
      flight: flight?.isElsewhere === true ? null : flight,
      times: reader.asked(question.url, question.places.all),
      background: false,
      ...momentOf(this.shared, question, this.kit.clock.wallMs()),
    })
    if (stored !== null && stores) askAbout(fields, stored)
    this.tell(x, stored === null ? 'miss' : 'expired')
    return undefined
  }

  response(x: Exchange): ResponseVerdict | Promise<ResponseVerdict> {
    const changing = x.notes.get(changingNote)
    if (changing !== undefined) return this.changed(x, changing)
    const asking = x.notes.get(askingNote)
    if (asking === undefined || asking.answered) return undefined
    asking.answered = true
    return this.answers.take(x, asking)
  }

  end(x: Exchange): void {
    const noted = x.notes.get(outcomeNote)
    if (noted !== undefined) this.outcomes.count(noted.outcome)
    const asking = x.notes.get(askingNote)
    if (asking !== undefined && !asking.background) asking.flight?.end(false)
  }

  /** RFC 9111 §4.4: what was changed is not what is stored. */
  private changed(x: Exchange, url: string): void {
    const { status } = x.response
    if (x.failure !== null || status < 200 || status >= 400) return
    for (const one of invalidated(url, x.response.fields)) this.shared.reader.outdated(one)
  }

  private tell(x: Exchange, outcome: Outcome): void {
    x.notes.set(outcomeNote, told[outcome])
  }
}

function isOver({ signal, failure }: Exchange): boolean {
  return signal.aborted || failure !== null
}
