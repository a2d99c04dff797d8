import type { Resources } from '../../../model/resources.ts'
import { Answers } from '../../../shared/questions.ts'
import type { ServiceKit, Wants } from '../../../translation/service.ts'
import { AuthenticationPolicy } from '../kinds/authentication-policy.ts'
import type { Part } from '../part.ts'
import { ISSUERS, type IssuerRow } from '../rows.ts'
import type { Fetched } from './fetch-keys.ts'
import { issuerKey, type Issuer } from './issuer.ts'
import { KeptKeys } from './kept-keys.ts'
import { WatchedIssuer } from './watched-issuer.ts'

/**
 * Has the keys of every issuer whose tokens a policy accepts, and puts them where workers look: once for the process,
 * kept over an outage of the issuer, and over a restart meanwhile.
 */
export class Issuers implements Part {
  readonly name = 'issuers'
  private readonly kit: ServiceKit
  private readonly watched = new Map<string, WatchedIssuer>()
  private readonly faults = new Map<string, string>()
  private readonly kept: KeptKeys
  private answers: Answers | null = null

  constructor(kit: ServiceKit) {
    this.kit = kit
    const { hasData, dataDir } = kit.settings
    this.kept = new KeptKeys(hasData ? dataDir : null)
  }

  applied(_: Wants, resources: Resources): void {
    const wanted = new Map(issuersOf(resources).map(issuer => [issuerKey(issuer), issuer]))
    for (const [key, watched] of this.watched) {
      if (wanted.has(key)) continue
      watched.stop()
      this.watched.delete(key)
      this.faults.delete(key)
      this.kit.tables.patch(ISSUERS, { remove: [key] })
    }
    for (const [key, issuer] of wanted) if (!this.watched.has(key)) this.begin(key, issuer)
  }

  stop(): void {
    this.answers?.close()
    for (const watched of this.watched.values()) watched.stop()
  }

  private begin(key: string, issuer: Issuer): void {
    this.listen()
    const last = this.kept.of(key)
    if (last !== null) this.publish(key, last)
    const watched = new WatchedIssuer(issuer, this.kit.calendar, {
      fetched: fetched => this.fetched(key, issuer, fetched),
      failed: error => this.failed(key, issuer, error),
    })
    this.watched.set(key, watched)
    this.kit.metrics.gauge('portcullis_issuer_keys_timestamp_seconds', { issuer: issuer.issuer })
    void watched.refresh()
  }

  /** Workers that meet a key which they do not know. */
  private listen(): void {
    if (this.answers !== null) return
    const channel = `issuers ${crypto.randomUUID()}`
    this.answers = new Answers(channel, async question => {
      await this.watched.get(String(question))?.refresh()
      return true
    })
    this.kit.tables.patch(ISSUERS, { put: [['channel', channel]] })
  }

  private fetched(key: string, { issuer }: Issuer, { keys }: Fetched): void {
    this.publish(key, keys)
    this.kept.keep(key, keys)
    const nowS = Math.floor(this.kit.calendar.now() / 1000)
    this.kit.metrics.gauge('portcullis_issuer_keys_timestamp_seconds', { issuer }).set(nowS)
    this.kit.metrics.counter('portcullis_issuer_fetches_total', { issuer, outcome: 'ok' }).add(1)
    if (this.faults.delete(key)) this.kit.log.info('issuer.available', { issuer })
  }

  private failed(key: string, { issuer }: Issuer, { message }: Error): void {
    this.kit.metrics.counter('portcullis_issuer_fetches_total', { issuer, outcome: 'failed' }).add(1)
    if (this.faults.get(key) === message) return
    this.faults.set(key, message)
    this.kit.log.warn('issuer.unavailable', { issuer, message })
  }

  private publish(key: string, keys: IssuerRow['keys']): void {
    this.kit.tables.patch(ISSUERS, { put: [[key, { keys }]] })
  }
}

function issuersOf(resources: Resources): readonly Issuer[] {
  return resources
    .all(AuthenticationPolicy)
    .flatMap(({ body }) => body.spec.credentials)
    .flatMap(({ jwt }) => (jwt === undefined ? [] : [{ issuer: jwt.issuer, jwksUri: jwt.jwksUri ?? null }]))
}
