import type { InForce } from '../../control/controller.ts'
import type { Kinds } from '../../model/kinds.ts'
import type { RuleTypes } from '../../proxy/compile.ts'
import { expiringCertificates } from './certificates.ts'
import { AdminError } from '../../api/errors.ts'
import type { Seen } from '../seen.ts'
import { HealthAsking } from './asking.ts'
import { errorsFirst, findingsInForce, type ToldFinding } from './findings.ts'
import { ruleIndex, type RuleIndex } from './rule-index.ts'
import { expiryFindings, runningFindings } from './running.ts'

/** What views are made of: what is in force, with what is built. */
export interface ViewSource extends InForce {
  readonly types: RuleTypes
  readonly kinds: Kinds
}

export interface IndexedSource extends ViewSource {
  readonly index: RuleIndex
}

/** What is in force, for whoever shows it. Throws AdminError 503 where nothing is yet. */
export class Views {
  readonly health: HealthAsking
  private readonly seen: Seen

  constructor(seen: Seen) {
    this.seen = seen
    this.health = new HealthAsking(seen)
  }

  get source(): ViewSource {
    const { types, kinds } = this.seen
    const inForce = this.seen.inForce()
    if (inForce === null) throw new AdminError(503, 'nothing is in force yet: the gateway is starting')
    return { ...inForce, types, kinds }
  }

  async indexed(): Promise<IndexedSource> {
    const { source } = this
    return { ...source, index: await ruleIndex(source.snapshot.ports) }
  }

  /** Of what is declared and of what runs; errors first. */
  async findings(): Promise<readonly ToldFinding[]> {
    const { source } = this
    const running = [
      ...runningFindings(source, await this.health.unwell()),
      ...expiryFindings(expiringCertificates(source, this.seen.nowMs())),
    ]
    if (running.length === 0) return findingsInForce(source)
    return errorsFirst([...findingsInForce(source), ...running])
  }
}
