import type { Cancel, Clock } from '../../../upstream/clock.ts'
import type { Logger } from '../../../telemetry/log.ts'
import { waitMs } from './backoff.ts'
import {
  checked,
  NOTHING_YET,
  readCertificate,
  renewalMs,
  writeCertificate,
  type CertificateState,
} from './issued.ts'
import type { Obtained } from './order.ts'
import { AcmeRefusal } from './refusal.ts'
import type { CertificateStore, Lease } from './store.ts'
import { settingsId, type WantedCertificate } from './wanted.ts'
import { codeOf } from './whole-file.ts'
import { freshWork, readWork, writeWork, type Work } from './work.ts'

export interface Keeping {
  readonly store: CertificateStore
  /** `now` in milliseconds since 1970. */
  readonly calendar: Clock
  readonly log: Logger
  /** From 0 to 1. */
  readonly random: () => number
  /** Obtains a certificate, or throws a Refusal; `signal` ends it. One of several at once may have to wait. */
  obtain(wanted: WantedCertificate, work: Work, signal: AbortSignal): Promise<Obtained>
  changed(): void
  /** An attempt is over. */
  over(result: 'issued' | 'refused'): void
}

/** How often it is looked whether another replica has done something, and whether the clock has been set. */
const LOOK_MS = 60_000
/** The same while another replica is at it. */
const HELD_MS = 2_000
/** After it was renewed a certificate is left alone for a third of its life, a day at most, whatever the clock says. */
const REST_MS = 86_400_000

/** Keeps one certificate current: obtains it, renews it, and takes over what another replica has obtained. */
export class Keeper {
  readonly wanted: WantedCertificate
  state: CertificateState = NOTHING_YET
  private readonly keeping: Keeping
  private readonly settings: string
  private readonly ended = new AbortController()
  private cancel: Cancel = () => {}
  private looking: Promise<void> | null = null

  constructor(wanted: WantedCertificate, keeping: Keeping) {
    this.wanted = wanted
    this.settings = settingsId(wanted)
    this.keeping = keeping
  }

  /** Looks whether there is something to do, and does it; never rejects. */
  look(): Promise<void> {
    this.cancel()
    this.looking ??= this.once()
      .catch((error: unknown) => this.storeFailed(error))
      .then(nextMs => {
        this.looking = null
        if (!this.ended.signal.aborted)
          this.cancel = this.keeping.calendar.after(nextMs, () => void this.look())
      })
    return this.looking
  }

  /** Resolves when nothing is under way any more. An order is left as it is, and gone on with later. */
  async stop(): Promise<void> {
    this.ended.abort()
    this.cancel()
    await this.looking
  }

  /** How long until the next look. */
  private async once(): Promise<number> {
    const leftMs = this.leftMs(await this.read())
    if (leftMs > 0) return Math.min(leftMs, LOOK_MS)
    const lease = await this.keeping.store.lease(this.wanted.id)
    if (lease === null) return HELD_MS
    try {
      return Math.min(Math.max(await this.attempt(lease), 0), LOOK_MS)
    } finally {
      await lease.release()
    }
  }

  /** What the store has, which others may have put there. */
  private async read(): Promise<Work> {
    const { store } = this.keeping
    const { id, names } = this.wanted
    const parsed = await readCertificate(store, id, names)
    const work = await readWork(store, id, this.settings)
    this.show({
      parsed,
      renewMs: parsed === null ? 0 : dueMs(renewalMs(parsed), parsed.validity, work),
      failure: work.failure,
      retryMs: work.failure === null ? 0 : work.notBeforeMs,
    })
    return work
  }

  private leftMs(work: Work): number {
    return Math.max(this.state.renewMs, work.notBeforeMs) - this.keeping.calendar.now()
  }

  /** How long until something is due after that. */
  private async attempt(lease: Lease): Promise<number> {
    // Whoever had the lease before may have done it.
    const work = await this.read()
    const leftMs = this.leftMs(work)
    if (leftMs > 0) return leftMs
    const signal = AbortSignal.any([lease.lost, this.ended.signal])
    try {
      await this.obtain(work, signal)
    } catch (error) {
      // Not refused, but given up by us: whoever comes next goes on with it.
      if (!signal.aborted) await this.refused(error)
    }
    return this.leftMs(await this.read())
  }

  private async obtain(work: Work, signal: AbortSignal): Promise<void> {
    const { store, calendar, log, obtain } = this.keeping
    const { id, names } = this.wanted
    log.info('certificate.ordered', { certificate: id, names, renewal: this.state.parsed !== null })
    const obtained = await obtain(this.wanted, work, signal)
    const parsed = checked(obtained.chain, obtained.key, names)
    if ('wrong' in parsed) throw new AcmeRefusal('CertificateInvalid', parsed.wrong)
    await writeCertificate(store, id, obtained)
    await writeWork(store, id, freshWork(this.settings, calendar.now()))
    const until = new Date(parsed.validity[0]?.untilMs ?? 0).toISOString()
    this.keeping.over('issued')
    log.info('certificate.issued', { certificate: id, names, until })
  }

  private async refused(error: unknown): Promise<void> {
    const { store, calendar, log, random, over } = this.keeping
    const { id, names } = this.wanted
    over('refused')
    const refusal = asRefusal(error)
    // As it is now: the attempt may have begun an order.
    const work = await readWork(store, id, this.settings)
    const failures = work.failures + 1
    const retryInMs = waitMs(refusal, failures, random())
    const { reason, message } = refusal
    log.warn('certificate.refused', { certificate: id, names, reason, message, failures, retryInMs })
    const nowMs = calendar.now()
    await writeWork(store, id, {
      ...work,
      order: reason === 'CertificateInvalid' ? null : work.order,
      failures,
      failure: { reason, message, atMs: nowMs },
      notBeforeMs: nowMs + retryInMs,
    })
  }

  /** What has been read before stays in force. */
  private storeFailed(error: unknown): number {
    const message = error instanceof Error ? error.message : String(error)
    const nowMs = this.keeping.calendar.now()
    const { failure } = this.state
    if (failure?.message !== message)
      this.keeping.log.error('certificate.store_failed', { certificate: this.wanted.id, message })
    this.show({
      ...this.state,
      failure: { reason: 'StoreFailed', message, atMs: failure?.message === message ? failure.atMs : nowMs },
      retryMs: nowMs + LOOK_MS,
    })
    return LOOK_MS
  }

  private show(state: CertificateState): void {
    const before = this.state
    this.state = state
    if (same(before, state)) return
    this.keeping.changed()
  }
}

function dueMs(
  renewMs: number,
  [validity]: readonly { fromMs: number; untilMs: number }[],
  work: Work,
): number {
  const lifeMs = validity === undefined ? 0 : validity.untilMs - validity.fromMs
  return Math.max(renewMs, work.issuedMs + Math.min(lifeMs / 3, REST_MS))
}

function same(a: CertificateState, b: CertificateState): boolean {
  return (
    a.parsed?.certificate.fingerprint === b.parsed?.certificate.fingerprint &&
    a.renewMs === b.renewMs &&
    a.retryMs === b.retryMs &&
    a.failure?.message === b.failure?.message
  )
}

function asRefusal(error: unknown): AcmeRefusal {
  if (error instanceof AcmeRefusal) return error
  const message = error instanceof Error ? error.message : String(error)
  return new AcmeRefusal(codeOf(error) === '' ? 'Failed' : 'StoreFailed', message, 0, error)
}
