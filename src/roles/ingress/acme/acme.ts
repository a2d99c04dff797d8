import { randomUUID } from 'node:crypto'
import { Answers } from '../../../shared/questions.ts'
import type { RoleService, ServiceKit, Wants } from '../../../translation/service.ts'
import { systemClock } from '../../../upstream/clock.ts'
import { findPair, findToken } from './challenges.ts'
import { ACME, wantedIn, type AcmeFacts } from './facts.ts'
import { FolderStore } from './folder-store.ts'
import type { IssuedCertificates } from './issued.ts'
import { issuedBefore } from './issued-before.ts'
import { AcmeService } from './service.ts'

/**
 * Certificates by ACME as a service of the role: what translation wants is obtained, and what has been obtained is a
 * fact of the next translation. Workers ask here what to show those who validate a name; what another replica has
 * asked for is in the same store.
 */
export class Acme implements RoleService {
  readonly name = 'acme'
  private readonly kit: ServiceKit
  private readonly store: FolderStore
  private readonly service: AcmeService
  private readonly channel = `acme ${randomUUID()}`
  private answers: Answers | null = null
  private before: IssuedCertificates = new Map()

  constructor(kit: ServiceKit) {
    this.kit = kit
    this.store = new FolderStore(kit.settings.certificatesDir, systemClock)
    this.service = new AcmeService({
      store: this.store,
      calendar: kit.calendar,
      log: kit.log,
      changed: issued => void this.give(issued),
      over: result => kit.metrics.counter('portcullis_certificate_orders_total', { result }).add(1),
    })
  }

  /** What was obtained before the process began is served from its first moment on. */
  async start(): Promise<void> {
    this.before = await issuedBefore(this.store, this.kit.log)
    await this.give(new Map())
  }

  applied(wants: Wants): void {
    const wanted = wantedIn(wants)
    if (wanted.length > 0) this.answers ??= new Answers(this.channel, question => this.answer(question))
    this.service.want(wanted)
  }

  async stop(): Promise<void> {
    await this.service.stop()
    this.answers?.close()
  }

  /** Of those that nobody has looked at yet, what was there at the start. */
  private give(issued: IssuedCertificates): Promise<void> {
    const known = [...issued].filter(([, { parsed, failure }]) => parsed !== null || failure !== null)
    const facts: AcmeFacts = { issued: new Map([...this.before, ...known]), channel: this.channel }
    return this.kit.give(ACME, facts)
  }

  private async answer(question: unknown): Promise<unknown> {
    const { token, serverName } = question as Record<string, unknown>
    if (typeof token === 'string') return findToken(this.store, token)
    return typeof serverName === 'string' ? findPair(this.store, serverName) : null
  }
}
