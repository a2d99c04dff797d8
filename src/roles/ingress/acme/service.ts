import type { Logger } from '../../../telemetry/log.ts'
import { systemClock, type Clock } from '../../../upstream/clock.ts'
import type { CertificateState, IssuedCertificates } from './issued.ts'
import { Keeper, type Keeping } from './keeper.ts'
import type { Obtained } from './order.ts'
import type { CertificateStore } from './store.ts'
import type { WantedCertificate } from './wanted.ts'
import type { Work } from './work.ts'

export interface AcmeOptions {
  readonly store: CertificateStore
  /** `now` in milliseconds since 1970. */
  readonly calendar: Clock
  readonly log: Logger
  /** Told of each change of `issued`; those of one moment are one. */
  readonly changed: (issued: IssuedCertificates) => void
  /** Told of each attempt that is over. */
  readonly over?: Keeping['over']
  /** From 0 to 1; Math.random where absent. */
  readonly random?: () => number
}

/** Orders at once, so that a first start with many names neither floods the directory nor this thread. */
const MOST_ORDERS = 4

/** Obtains and renews the certificates that are wanted, each by itself. */
export class AcmeService {
  private readonly options: AcmeOptions
  private readonly keepers = new Map<string, Keeper>()
  private readonly stopping = new Map<string, Promise<void>>()
  private readonly waiting: (() => void)[] = []
  private orders = 0
  private told = false

  constructor(options: AcmeOptions) {
    this.options = options
  }

  /** From now on these, and no others, are kept current. */
  want(list: readonly WantedCertificate[]): void {
    const wanted = new Map(list.map(one => [one.id, one]))
    for (const [id, keeper] of this.keepers)
      if (JSON.stringify(wanted.get(id)) !== JSON.stringify(keeper.wanted)) this.drop(id, keeper)
    for (const [id, one] of wanted) {
      if (this.keepers.has(id)) continue
      const keeper = new Keeper(one, this.keeping)
      this.keepers.set(id, keeper)
      void this.begin(keeper)
    }
  }

  /** Once whoever kept the same certificate by other settings has left it. */
  private async begin(keeper: Keeper): Promise<void> {
    await this.stopping.get(keeper.wanted.id)
    if (this.keepers.get(keeper.wanted.id) === keeper) await keeper.look()
  }

  get issued(): IssuedCertificates {
    return new Map([...this.keepers].map(([id, { state }]): [string, CertificateState] => [id, state]))
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    for (const [id, keeper] of this.keepers) this.drop(id, keeper)
    await Promise.all(this.stopping.values())
  }

  private drop(id: string, keeper: Keeper): void {
    this.keepers.delete(id)
    const stopped = Promise.all([this.stopping.get(id), keeper.stop()]).then(() => {
      if (this.stopping.get(id) === stopped) this.stopping.delete(id)
    })
    this.stopping.set(id, stopped)
  }

  private get keeping(): Keeping {
    const { store, calendar, log, random = Math.random, over = () => {} } = this.options
    return {
      store,
      calendar,
      log,
      random,
      over,
      obtain: (wanted, work, signal) => this.obtain(wanted, work, signal),
      changed: () => this.tell(),
    }
  }

  private async obtain(wanted: WantedCertificate, work: Work, signal: AbortSignal): Promise<Obtained> {
    await this.turn()
    try {
      signal.throwIfAborted()
      // The library and what it needs are loaded by nobody who wants no certificate.
      const { obtain } = await import('./obtain.ts')
      return await obtain(wanted, work, this.options.store, systemClock, signal)
    } finally {
      this.orders--
      this.waiting.shift()?.()
    }
  }

  private async turn(): Promise<void> {
    while (this.orders >= MOST_ORDERS) await new Promise<void>(resolve => this.waiting.push(resolve))
    this.orders++
  }

  private tell(): void {
    if (this.told) return
    this.told = true
    setImmediate(() => {
      this.told = false
      this.options.changed(this.issued)
    })
  }
}
