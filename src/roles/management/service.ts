import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { isatty } from 'node:tty'
import { refOf, shortName, type Resources } from '../../model/resources.ts'
import type { Cancel } from '../../upstream/clock.ts'
import type { RoleService, ServiceKit, Wants } from '../../translation/service.ts'
import type { Source } from '../../translation/source.ts'
import { setupTokenLine } from './access/setup-token.ts'
import { AdminPart } from './api/admin-part.ts'
import { Consumers } from './consumers.ts'
import { LastUses } from './credentials/last-uses.ts'
import { PepperRows } from './credentials/pepper-rows.ts'
import { QuotaKeeper } from './limits/keeping/quota-keeper.ts'
import { LimitReader } from './limits/subscription-limits.ts'
import { CommonQuotas } from './limits/rebuilding/common-quotas.ts'
import { QuotaRebuilder } from './limits/rebuilding/quota-rebuilder.ts'
import { Issuers } from './issuers/issuers.ts'
import { LastKnownKeeper } from './last-known/last-known-keeper.ts'
import { Plan } from './kinds/plan.ts'
import { RateLimitPolicy } from './kinds/rate-limit-policy.ts'
import type { Part } from './part.ts'
import { COUNTER_STORE } from './rows.ts'
import type { Store } from './store/store.ts'
import { Upkeep } from './store/upkeep.ts'
import { Signing } from './telling/signing.ts'
import { UsagePart } from './usage/part.ts'

/** So long a start waits for a database that others share. */
const START_MS = 3_000
/** A store that could not be opened is tried again this much later. */
const RETRY_MS = 2_000

/**
 * What the role runs beside the data plane: the store, and the parts that live on it. A store is opened where one is
 * named or was made before; otherwise when the first object of management is declared, or somebody asks for records, so
 * that who has none of it pays for none.
 */
export class Management implements RoleService {
  readonly name = 'management'
  readonly consumers: Consumers
  readonly source: Source
  private readonly kit: ServiceKit
  private readonly parts: readonly Part[]
  private readonly keeper: LastKnownKeeper
  private opening: Promise<Store> | null = null
  private opened: Store | null = null
  private retry: Cancel = () => {}
  private stopped = false
  private lastFault = ''
  private uncounted = ''

  constructor(kit: ServiceKit) {
    this.kit = kit
    this.consumers = new Consumers(kit)
    const common = new CommonQuotas(kit)
    const admin = new AdminPart(kit, {
      store: () => this.store(),
      caughtUp: () => this.consumers.caughtUp(),
      tellSetupToken: token =>
        void process.stderr.write(setupTokenLine(token, isatty(2), kit.calendar.now())),
      limits: new LimitReader(kit, () => common.store),
    })
    this.source = admin.source
    this.keeper = new LastKnownKeeper(kit)
    const quotas = new QuotaKeeper(kit)
    const usage = new UsagePart(kit)
    // Peppers first: by the time that there is a key, it can be verified.
    this.parts = [
      new PepperRows(kit),
      new Signing(kit),
      this.consumers,
      quotas,
      usage,
      new QuotaRebuilder(kit, quotas, usage, common),
      new LastUses(kit),
      admin,
      new Issuers(kit),
      new Upkeep(kit),
      this.keeper,
    ]
  }

  async start(): Promise<void> {
    const { store, hasData, counters } = this.kit.settings
    if (counters !== '')
      this.kit.tables.replace(
        COUNTER_STORE,
        new Map([
          ['url', counters],
          ['node', crypto.randomUUID()],
        ]),
      )
    if (store === '') {
      if (hasData && existsSync(this.file)) await this.openOrLater()
      return
    }
    await this.within(START_MS, this.openOrLater())
    if (this.opened !== null) return
    const known = this.keeper.read()
    await this.each('lastKnown', part => part.lastKnown?.(known))
    this.kit.log.warn('store.last_known', {
      message:
        known === null
          ? 'nothing is known of who may use what: requests that bring keys are answered 503 until the database can be reached'
          : 'keys, subscriptions and objects are those that were known last, until the database can be reached',
    })
  }

  applied(wants: Wants, resources: Resources): void {
    const declares = this.kit.kinds.all.some(
      kind => kind.role === 'management' && resources.all(kind).length > 0,
    )
    if (declares && this.opened === null) void this.openOrLater()
    this.tellUncounted(resources)
    for (const part of this.parts) part.applied?.(wants, resources)
  }

  /** What several gateways are to count together, and this one counts alone: told again when it is something else. */
  private tellUncounted(resources: Resources): void {
    if (this.kit.settings.counters !== '') return
    const exact = [...resources.all(Plan), ...resources.all(RateLimitPolicy)].filter(({ body }) =>
      (body.spec.limits ?? []).some(({ counters }) => counters === 'Exact'),
    )
    const names = exact.map(resource => shortName(refOf(resource))).join(', ')
    if (names !== this.uncounted && names !== '')
      this.kit.log.warn('counters.missing', {
        objects: names,
        message: `${names} limit by counters: Exact, and --counters names no store: this gateway counts by itself, and each beside it as well`,
      })
    this.uncounted = names
  }

  /** The store, which is opened where it is not yet. Rejects where it cannot be had. */
  store(): Promise<Store> {
    this.opening ??= this.open().catch((error: unknown) => {
      this.opening = null
      throw error
    })
    return this.opening
  }

  async stop(): Promise<void> {
    this.stopped = true
    this.retry()
    await this.each('stop', part => part.stop?.())
  }

  async ended(): Promise<void> {
    await this.each('ended', part => part.ended?.())
    await this.opened?.close()
  }

  private get file(): string {
    return join(this.kit.settings.dataDir, 'store.db')
  }

  private async open(): Promise<Store> {
    const { store: url, hasData } = this.kit.settings
    if (url === '' && !hasData)
      throw new Error(
        'there is no place for accounts, keys and usage: name a folder that nobody else uses by --data, or a database by --store',
      )
    const { openStore } = await import('./store/open.ts')
    const store = await openStore({ url: url === '' ? this.file : url })
    try {
      for (const part of this.parts) await part.opened?.(store)
    } catch (error) {
      await this.each('stop', part => part.stop?.())
      await store.close()
      throw error
    }
    this.opened = store
    this.kit.log.info('store.opened', { store: store.place, engine: store.engine })
    return store
  }

  /** Tells why not, once for each reason, and tries again. */
  private async openOrLater(): Promise<void> {
    try {
      await this.store()
      this.lastFault = ''
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      if (message !== this.lastFault) this.kit.log.error('store.unavailable', { message })
      this.lastFault = message
      if (this.stopped) return
      this.retry()
      this.retry = this.kit.calendar.after(RETRY_MS, () => void this.openOrLater())
    }
  }

  private async within(ms: number, done: Promise<void>): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const forget = this.kit.calendar.after(ms, resolve)
    await Promise.race([done, late])
    forget()
  }

  private async each(at: string, act: (part: Part) => void | Promise<void> | undefined): Promise<void> {
    for (const part of this.parts)
      try {
        await act(part)
      } catch (error) {
        this.kit.log.error('management.failed', { part: part.name, at, error })
      }
  }
}
