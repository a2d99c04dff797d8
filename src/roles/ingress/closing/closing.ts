import type { Resource } from '../../../model/resource.ts'
import { keyOf } from '../../../model/resources.ts'
import type { Closed } from '../../../snapshot/contribution.ts'
import type { Origin } from '../../../snapshot/snapshot.ts'
import { isFull, type Flaw, type Report } from '../../../translation/report.ts'
import { listenerOf, type RequestScope } from '../policy-target.ts'

/** An object, or a part of it, that is not to be served. */
type ClosedTarget = Pick<RequestScope, 'at' | 'object' | 'section' | 'path'>

/**
 * What is not to be served because something that protects it is not in force: Gateways, listeners, routes, rules, and
 * backends or their ports; with a condition for each object and listener, whoever closes it.
 */
export class Closing {
  readonly places: Closed[] = []
  private readonly objects = new Map<
    string,
    { readonly object: Resource; readonly listener: string | undefined; readonly flaws: Flaw[] }
  >()

  /** `by` is who would protect it, `flaw` what the object's condition says. */
  close(target: ClosedTarget, by: Origin, flaw: Pick<Flaw, 'message' | 'follows'>): void {
    const { at, object, path } = target
    const { listener } = listenerOf(target)
    const key = `${keyOf(object)} ${listener ?? ''}`
    const known = this.objects.get(key) ?? { object, listener, flaws: [] }
    known.flaws.push({ ...flaw, reason: 'ProtectionMissing', path })
    this.objects.set(key, known)
    this.places.push({ at, origin: by })
  }

  tell(report: Report): void {
    for (const { object, listener, flaws } of this.objects.values())
      if (isFull(flaws)) report.warn(object, 'Closed', flaws, listener === undefined ? {} : { listener })
  }
}
