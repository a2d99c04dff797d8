import type { Resource } from '../../../model/resource.ts'
import { keyOf } from '../../../model/resources.ts'
import { isFull, type Flaw, type Report } from '../../../translation/report.ts'

interface Closed {
  readonly object: Resource
  readonly listener: string | undefined
  readonly flaws: Flaw[]
}

/**
 * Why objects are closed. Policies of several kinds may close one object, and a status has one condition of a type for
 * each object and listener: it names them all.
 */
export class ClosedConditions {
  private readonly all = new Map<string, Closed>()

  /** `path` and `message` say which part of the object is closed, and by whom. */
  add(object: Resource, listener: string | undefined, flaw: Omit<Flaw, 'reason'>): void {
    const key = `${keyOf(object)} ${listener ?? ''}`
    const closed = this.all.get(key) ?? { object, listener, flaws: [] }
    closed.flaws.push({ reason: 'ProtectionMissing', ...flaw })
    this.all.set(key, closed)
  }

  tell(report: Report): void {
    for (const { object, listener, flaws } of this.all.values())
      if (isFull(flaws)) report.warn(object, 'Closed', flaws, listener === undefined ? {} : { listener })
  }
}
