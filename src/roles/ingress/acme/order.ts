import * as acme from 'acme-client'
import type { Cancel, Clock } from '../../../upstream/clock.ts'
import { Account, isForgotten } from './account.ts'
import { calling, type Calling } from './calls.ts'
import { documentsOf } from './challenges.ts'
import { AcmeRefusal } from './refusal.ts'
import { showChallenge } from './show-challenge.ts'
import type { CertificateStore, DocumentName } from './store.ts'
import type { WantedCertificate } from './wanted.ts'
import { writeWork, type Work } from './work.ts'

/** What an order goes by. */
export interface Ordering {
  readonly store: CertificateStore
  /** Paces what is asked again and again. */
  readonly clock: Pick<Clock, 'after'>
  readonly call: Calling
}

export interface Obtained {
  /** PEM, the leaf first. */
  readonly chain: string
  readonly key: string
}

/** How long it is waited between two questions whether something has come about: validations take seconds, some a minute. */
const POLLS_MS = [...Array<number>(10).fill(1_000), ...Array<number>(34).fill(5_000)]

/**
 * Obtains a certificate (RFC 8555 §7.4): goes on with the order that `work` has, where there is one, so that a crash
 * costs no second one. Throws a Refusal; `work` is then written by the caller.
 */
export class Order {
  private readonly wanted: WantedCertificate
  private readonly ordering: Ordering
  private readonly account: Account
  private work: Work
  /** Of the account, once it is open. */
  private client!: acme.Client
  private readonly shown: DocumentName[] = []

  constructor(wanted: WantedCertificate, work: Work, ordering: Ordering) {
    this.wanted = wanted
    this.work = work
    this.ordering = ordering
    this.account = new Account(wanted.account, ordering.store)
  }

  async obtain(): Promise<Obtained> {
    const { call, store } = this.ordering
    try {
      this.client = await this.account.open(call)
      const { order, key } = await this.begin()
      const authorizations = await calling(call, () => this.client.getAuthorizations(order))
      this.shown.push(...authorizations.flatMap(one => documentsOf(one)))
      const ready = order.status === 'pending' ? await this.validate(order, authorizations) : order
      const issued = await this.finalize(ready, key)
      return { chain: await calling(call, () => this.client.getCertificate(issued)), key }
    } finally {
      // One that is only left in the middle goes on being looked at.
      if (!call.signal.aborted)
        for (const document of this.shown) await store.remove(document).catch(() => {})
    }
  }

  /** The order under way, or a new one. */
  private async begin(): Promise<{ order: acme.Order; key: string }> {
    const { work } = this
    const order = work.order === null ? null : await this.resume(work.order.url)
    if (order !== null) return { order, key: work.order!.key }
    const key = await this.newKey()
    const made = await this.newOrder()
    this.work = { ...work, order: { url: made.url, key } }
    await writeWork(this.ordering.store, this.wanted.id, this.work)
    return { order: made, key }
  }

  /** Null where it has come to nothing, or nobody knows it any more. */
  private async resume(url: string): Promise<acme.Order | null> {
    const { call } = this.ordering
    try {
      const order = await calling(call, () => this.client.getOrder({ url } as acme.Order))
      return order.status === 'invalid' ? null : order
    } catch (error) {
      if (call.problem !== null && call.problem.status >= 400 && call.problem.status < 500) return null
      throw error
    }
  }

  private async newOrder(): Promise<acme.Order> {
    const { call } = this.ordering
    const identifiers = this.wanted.names.map(value => ({ type: 'dns', value }))
    try {
      return await calling(call, () => this.client.createOrder({ identifiers }))
    } catch (error) {
      if (!isForgotten(call)) throw error
      this.client = await this.account.reopen(call)
      return calling(call, () => this.client.createOrder({ identifiers }))
    }
  }

  private async newKey(): Promise<string> {
    const { keyType } = this.wanted
    const key = await (keyType === 'rsa'
      ? acme.crypto.createPrivateRsaKey(2048)
      : acme.crypto.createPrivateEcdsaKey('P-256'))
    return key.toString()
  }

  /** Shows for each name that it is ours, and waits until the directory has seen it. */
  private async validate(
    order: acme.Order,
    authorizations: readonly acme.Authorization[],
  ): Promise<acme.Order> {
    const open = authorizations.filter(({ status }) => status !== 'valid')
    for (const authorization of open) await this.answer(authorization)
    for (const authorization of open) await this.validated(authorization)
    return this.until(order, ['ready', 'valid'])
  }

  private async answer(authorization: acme.Authorization): Promise<void> {
    const { call, store } = this.ordering
    const { value } = authorization.identifier
    if (authorization.status !== 'pending') throw refusedName(authorization)
    const challenge = authorization.challenges.find(({ type }) => type === this.wanted.challenge)
    if (challenge === undefined)
      throw new AcmeRefusal(
        'OrderRefused',
        `the directory does not validate ${value} by ${this.wanted.challenge}, but by ${authorization.challenges.map(({ type }) => type).join(', ')}`,
      )
    const text = await this.client.getChallengeKeyAuthorization(challenge)
    await showChallenge(store, authorization, challenge, text)
    // One that an earlier process has announced is being looked at already.
    if (challenge.status === 'pending') await calling(call, () => this.client.completeChallenge(challenge))
  }

  private async validated({ url }: acme.Authorization): Promise<void> {
    const { call } = this.ordering
    for (const waitMs of POLLS_MS) {
      const [now] = await calling(call, () =>
        this.client.getAuthorizations({ authorizations: [url] } as unknown as acme.Order),
      )
      if (now === undefined || now.status === 'valid') return
      if (now.status !== 'pending') throw refusedName(now)
      await this.pause(waitMs)
    }
    throw new AcmeRefusal('ValidationFailed', 'the directory has not looked in three minutes')
  }

  private async finalize(order: acme.Order, key: string): Promise<acme.Order> {
    const { call } = this.ordering
    if (order.status === 'valid') return order
    if (order.status === 'ready') {
      const [, csr] = await acme.crypto.createCsr({ altNames: [...this.wanted.names] }, key)
      await calling(call, () => this.client.finalizeOrder(order, csr))
    }
    return this.until(order, ['valid'])
  }

  private async until(order: acme.Order, wanted: readonly string[]): Promise<acme.Order> {
    const { call } = this.ordering
    for (const waitMs of POLLS_MS) {
      const now = await calling(call, () => this.client.getOrder(order))
      if (wanted.includes(now.status)) return now
      if (now.status === 'invalid')
        throw new AcmeRefusal('OrderRefused', wordsOf(now.error) || 'the order is invalid')
      await this.pause(waitMs)
    }
    throw new AcmeRefusal('OrderRefused', 'the order has not come about in three minutes')
  }

  private async pause(waitMs: number): Promise<void> {
    const { clock, call } = this.ordering
    call.signal.throwIfAborted()
    const { promise, resolve } = Promise.withResolvers<void>()
    const cancel: Cancel = clock.after(waitMs, resolve)
    call.signal.addEventListener('abort', () => resolve(), { once: true })
    await promise
    cancel()
    call.signal.throwIfAborted()
  }
}

/** Of an authorization that cannot become valid any more, by the challenge that says why. */
function refusedName({ identifier, status, challenges }: acme.Authorization): AcmeRefusal {
  const why = challenges.map(({ error }) => wordsOf(error)).find(words => words !== '')
  return new AcmeRefusal(
    'ValidationFailed',
    `${identifier.value}: ${why ?? `its authorization is ${status}`}`,
  )
}

/** RFC 8555 §6.7, with what it says of each name (§6.7.1). */
function wordsOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return ''
  const { type, detail, subproblems } = error as Record<string, unknown>
  const words = [type, detail].filter(word => typeof word === 'string').join(': ')
  const parts = Array.isArray(subproblems) ? subproblems.map(wordsOf) : []
  return [words, ...parts]
    .filter(word => word !== '')
    .join('; ')
    .replaceAll('urn:ietf:params:acme:error:', '')
    .slice(0, 1_000)
}
