import { Fields } from '../../http/fields.ts'
import type { Stored } from '../../shared/cache/stored.ts'
import type { FilterConfig } from '../../snapshot/rule.ts'
import type { Exchange } from '../filter.ts'
import type { KitClock } from '../kit.ts'
import { askAbout, askingNote, momentOf } from './asking.ts'
import { noDirectives } from './directives.ts'
import type { Flight } from './flights.ts'
import { foundFor, storedFor } from './found.ts'
import type { Question } from './question.ts'
import type { Shared } from './shared.ts'

/** A renewal that nobody waits for is given up after this. */
const RENEWAL_MS = 30_000
const MOST_RENEWALS = 64

/** Asks the backend whether what was just served is true still, beside that and for nobody: once for all workers. */
export class Renewals {
  private readonly config: FilterConfig
  private readonly clock: KitClock
  private readonly shared: Shared

  constructor(config: FilterConfig, clock: KitClock, shared: Shared) {
    this.config = config
    this.clock = clock
    this.shared = shared
  }

  begin(x: Exchange, question: Question, stored: Stored): void {
    const { flights, reader, renewals } = this.shared
    const { fields } = x.request
    const { key } = foundFor(reader, question, fields, stored)
    if (renewals >= MOST_RENEWALS || flights.isFailing(key)) return
    const flight = flights.beginAlone(key)
    if (flight === null) return
    // Another worker may have renewed it just before it gave back the claim.
    if (reader.catchUp() && storedFor(reader, question, fields) !== stored) flight.end(false)
    else this.ask(x, question, stored, flight)
  }

  private ask(x: Exchange, question: Question, stored: Stored, flight: Flight): void {
    const { shared, clock } = this
    shared.renewals++
    let cancelTimer = (): void => {}
    const cancel = x.repeat(
      this.config,
      again => this.prepare(again, question, stored, flight),
      () => {
        cancelTimer()
        shared.renewals--
        flight.end(false)
      },
    )
    cancelTimer = clock.after(RENEWAL_MS, cancel)
  }

  private prepare(
    { request: { fields }, notes }: Exchange,
    question: Question,
    stored: Stored,
    flight: Flight,
  ) {
    fields.remove('cache-control')
    const wanted = new Fields([...fields.list])
    askAbout(fields, stored)
    notes.set(askingNote, {
      question,
      directives: noDirectives,
      why: 'stale',
      stored,
      wanted,
      conditional: false,
      stores: true,
      collapsed: false,
      key: flight.key,
      flight,
      times: 255,
      background: true,
      ...momentOf(this.shared, question, this.clock.wallMs()),
    })
  }
}
