import { setImmediate } from 'node:timers/promises'
import type { Resources } from '../../../../model/resources.ts'
import type { ServiceKit, Wants } from '../../../../translation/service.ts'
import type { Cancel } from '../../../../upstream/clock.ts'
import type { Part } from '../../part.ts'
import type { Following, LoadedSubscription, Store } from '../../store/store.ts'
import { retentionOf } from '../../usage/retention.ts'
import { usedSince, usersOf } from '../../usage/used.ts'
import type { QuotaKeeper } from '../keeping/quota-keeper.ts'
import { quotasOfPolicies } from '../keeping/quota-rows.ts'
import type { Limit } from '../limit.ts'
import type { CommonQuotas } from './common-quotas.ts'
import { PlanQuotas } from './plan-quotas.ts'
import { PolicyQuotas } from './policy-quotas.ts'
import { changedPlans, subscribersOf } from './subscriptions.ts'
import { SubscribedQuota, type LedgerQuota } from './subscribed-quotas.ts'

/** Subscriptions of one question: SQLite holds the thread for as long as it takes. */
const AT_ONCE = 100
const RETRY_MS = 2_000

/** Which counters are set, of those that the ledger has something of. */
interface Task {
  readonly subscriptions: readonly LoadedSubscription[]
  readonly quotas: (one: LoadedSubscription) => readonly Limit[]
  readonly where: 'lost' | 'uncounted' | 'changed' | 'common'
}

/** What it needs of the ledger. */
export interface LedgerState {
  /** Whether what this process has counted may be in it already. */
  readonly hasWritten: boolean
  leftIsWritten(): Promise<void>
}

/**
 * Sets counters of quotas to what the ledger of usage has of their windows: of those that this gateway has not kept,
 * and when a subscription or a plan has come to a quota that it did not have. A number is never made smaller. It goes by
 * application and product: who cancels a subscription and takes another has used what he has used.
 */
export class QuotaRebuilder implements Part {
  readonly name = 'quotas of the ledger'
  private readonly kit: ServiceKit
  private readonly keeper: Pick<QuotaKeeper, 'hasRestored' | 'node' | 'set' | 'used'>
  private readonly ledger: LedgerState
  private readonly common: CommonQuotas
  private store: Store | null = null
  private following: Following | null = null
  private plans: PlanQuotas | null = null
  private policies = new PolicyQuotas([])
  private hasBegun = false
  private readonly work: (() => Promise<void>)[] = []
  private working: Promise<void> | null = null
  private retry: Cancel | null = null
  private failing = false
  private ending = false

  constructor(kit: ServiceKit, keeper: QuotaRebuilder['keeper'], ledger: LedgerState, common: CommonQuotas) {
    this.kit = kit
    this.keeper = keeper
    this.ledger = ledger
    this.common = common
    common.onLost(() => this.rebuildCommon())
  }

  async opened(store: Store): Promise<void> {
    this.store = store
    this.following = store.follow(await store.revision(), {
      changed: changes => {
        const ids = changes.filter(({ kind }) => kind === 'subscription').map(({ id }) => id)
        if (ids.length > 0) this.add(() => this.followChanged(ids))
      },
      reset: () => {},
    })
    this.begin()
  }

  applied(_wants: Wants, resources: Resources): void {
    const before = this.plans
    this.plans = PlanQuotas.in(resources)
    this.policies = PolicyQuotas.in(resources)
    if (this.hasBegun) this.beginCommon()
    if (before === null) return this.begin()
    const more = this.plans.newSince(before)
    if (more.size > 0 && this.hasBegun) this.add(() => this.followPlans(more))
  }

  async stop(): Promise<void> {
    this.ending = true
    this.retry?.()
    this.common.close()
    await this.following?.close()
    await this.working
  }

  private begin(): void {
    if (this.store === null || this.plans === null || this.hasBegun) return
    this.hasBegun = true
    this.add(() => this.rebuild())
    // By itself, so that neither is done twice where the other fails.
    this.add(() => this.takeOver())
  }

  /** What this gateway has not kept. */
  private async rebuild(): Promise<void> {
    await this.ledger.leftIsWritten()
    const users = await usersOf(this.store!.db)
    // Of a new store nothing is there to be read.
    const all = users.size === 0 ? [] : await subscribersOf(this.store!)
    const set = await this.carryOut({
      subscriptions: all.filter(({ application }) => users.has(application)),
      quotas: ({ plan }) => this.plans!.of(plan),
      where: this.keeper.hasRestored ? 'uncounted' : 'lost',
    })
    this.tell(set)
    this.beginCommon()
  }

  private beginCommon(): void {
    if (this.plans?.hasExact === true || this.policies.hasExact) this.common.begin()
  }

  /**
   * Quotas of policies that other gateways have counted, for one that has none of its own: it comes in the place of one
   * that is gone, or the store was restored. The ledger does not know what a policy is for.
   */
  private async takeOver(): Promise<void> {
    const { keeper } = this
    if (keeper.hasRestored) return
    const quotas = await quotasOfPolicies(this.store!.db, this.kit.calendar.now(), keeper.node)
    // What was counted here since the start comes on top.
    for (const quota of quotas) keeper.set(quota, seen => seen + quota.used)
    this.tell(quotas.length)
  }

  /** What is counted for several gateways, which have lost it. */
  private rebuildCommon(): void {
    this.add(async () => {
      const subscriptions = await subscribersOf(this.store!)
      const quotas = ({ plan }: LoadedSubscription): readonly Limit[] =>
        this.plans!.of(plan).filter(({ isExact }) => isExact)
      const set = await this.carryOut({ subscriptions, quotas, where: 'common' })
      const ofPolicies = await quotasOfPolicies(this.store!.db, this.kit.calendar.now())
      const raised = this.policies.exactOf(ofPolicies)
      await this.common.raiseKept(raised)
      this.tell(set + raised.length)
      await this.common.rebuilt()
    })
  }

  private async followChanged(ids: readonly string[]): Promise<void> {
    const subscriptions = await changedPlans(this.store!, ids)
    await this.carryOut({
      subscriptions,
      quotas: ({ plan, previousPlan }) =>
        this.plans?.of(plan, this.plans.byPlan.get(previousPlan ?? '')) ?? [],
      where: 'changed',
    })
  }

  private async followPlans(more: ReadonlyMap<string, readonly Limit[]>): Promise<void> {
    await this.carryOut({
      subscriptions: await subscribersOf(this.store!, [...more.keys()]),
      quotas: ({ plan }) => more.get(plan) ?? [],
      where: 'changed',
    })
  }

  private tell(counters: number): void {
    if (counters > 0)
      this.kit.log.info('quotas.rebuilt', {
        counters,
        message: 'quotas that were not kept are counted by the ledger of usage, or as others have kept them',
      })
  }

  /** Answers how many counters it has set. */
  private async carryOut({ subscriptions, quotas, where }: Task): Promise<number> {
    let set = 0
    for (let i = 0; i < subscriptions.length && !this.ending; i += AT_ONCE) {
      const nowMs = this.kit.calendar.now()
      const all = subscriptions
        .slice(i, i + AT_ONCE)
        .flatMap(one => quotas(one).map(limit => new SubscribedQuota(limit, one, nowMs)))
        .filter(({ counter }) => where !== 'uncounted' || counter === null || this.keeper.used(counter) === 0)
      for (const some of Map.groupBy(all, ({ window }) => window.startMs).values())
        set += await this.setAll(await this.countersOf(some, nowMs), where)
      await setImmediate()
    }
    return set
  }

  private async countersOf(
    quotas: readonly SubscribedQuota[],
    nowMs: number,
  ): Promise<readonly LedgerQuota[]> {
    const { db } = this.store!
    const applications = [...new Set(quotas.map(({ subscription }) => subscription.application))]
    const fromMs = quotas[0]!.window.startMs
    const used = await usedSince(db, { applications, fromMs, nowMs }, await retentionOf(this.store!))
    return quotas.flatMap(quota => quota.countersIn(used))
  }

  private async setAll(quotas: readonly LedgerQuota[], where: Task['where']): Promise<number> {
    const wanted = where === 'uncounted' ? quotas.filter(quota => this.keeper.used(quota) === 0) : quotas
    if (where === 'common' || where === 'changed') await this.common.raise(wanted)
    if (where === 'common') return wanted.length
    // What was counted since the start, and is not in the ledger yet, comes on top.
    const isApart = where === 'lost' && !this.ledger.hasWritten
    for (const quota of wanted)
      this.keeper.set(quota, seen => (isApart ? seen + quota.used : Math.max(seen, quota.used)))
    return wanted.length
  }

  private add(task: () => Promise<void>): void {
    this.work.push(task)
    this.workOn()
  }

  private workOn(): void {
    if (this.ending || this.retry !== null) return
    this.working ??= this.workAll().finally(() => (this.working = null))
  }

  private async workAll(): Promise<void> {
    for (let task = this.work[0]; task !== undefined && !this.ending; task = this.work[0])
      try {
        await task()
        this.work.shift()
        this.failing = false
      } catch (error) {
        if (!this.failing) this.kit.log.error('quotas.not_rebuilt', { error })
        this.failing = true
        this.retry = this.kit.calendar.after(RETRY_MS, () => {
          this.retry = null
          this.workOn()
        })
        return
      }
  }
}
