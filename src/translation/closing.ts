import type { RoleName } from '../model/kind.ts'
import type { Resource } from '../model/resource.ts'
import { keyOf } from '../model/resources.ts'
import type { Closed } from '../snapshot/contribution.ts'
import type { Origin } from '../snapshot/origin.ts'
import { policyName, type PolicyAttachment } from './policies.ts'
import { isFull, type Flaw, type Report } from './report.ts'
import { originFor } from './origin.ts'
import { sectionless, wholeOf, type Scope, type Targetable } from './targetable.ts'

/**
 * What is not to be served because something that protects it is not in force: Gateways, listeners, routes, rules, and
 * backends or their ports; with a condition for each object and listener, whoever closes it.
 */
export class Closing {
  private readonly role: RoleName
  readonly places: Closed[] = []
  private readonly objects = new Map<
    string,
    { readonly object: Resource; readonly listener: string | undefined; readonly flaws: Flaw[] }
  >()

  constructor(role: RoleName) {
    this.role = role
  }

  /** `by` is who would protect it, `flaw` what the object's condition says. */
  close(
    { at, object, section, path }: Omit<Scope, 'what'>,
    by: Origin,
    flaw: Pick<Flaw, 'message' | 'follows'>,
  ): void {
    const listener = object.kind === 'Gateway' || object.kind === 'ListenerSet' ? section : undefined
    const key = `${keyOf(object)} ${listener ?? ''}`
    const known = this.objects.get(key) ?? { object, listener, flaws: [] }
    known.flaws.push({ ...flaw, reason: 'ProtectionMissing', path })
    this.objects.set(key, known)
    this.places.push({ at, origin: by })
  }

  /** Whether all of an object is closed. */
  isClosed(object: Resource): boolean {
    return this.objects.has(`${keyOf(object)} `)
  }

  /** Closes the object whose section a policy names that is not there; the answer is what the policy's condition says. */
  sectionless(
    target: Targetable,
    { policy, target: { sectionName = '' }, path }: PolicyAttachment<Resource>,
  ): string {
    const whole = wholeOf(target)
    const missing = sectionless(target, sectionName)
    const by = `${policy.kind} ${policyName(policy)} protects ${target.noun} ${sectionName} of it, which is not there; answered 500 (protection_missing)`
    this.close(whole, originFor(this.role, policy, path), { message: by, follows: true })
    return `${missing}; ${whole.what}, of which some would be served without it, is closed instead: answered 500 (protection_missing)`
  }

  /** Closes what the name that a policy has misses by a slip; the answer is how the policy's condition ends. */
  misspelt(scopes: readonly Scope[], { policy, target, path }: PolicyAttachment<Resource>): string {
    if (scopes.length === 0) return ''
    const message = `${policy.kind} ${policyName(policy)} protects ${target.kind} ${target.name}, which is not there, and may mean this one; answered 500 (protection_missing)`
    for (const scope of scopes)
      this.close(scope, originFor(this.role, policy, path), { message, follows: true })
    return endOf(
      scopes.map(({ what }) => what),
      policy.kind,
    )
  }

  tell(report: Report): void {
    for (const { object, listener, flaws } of this.objects.values())
      if (isFull(flaws)) report.warn(object, 'Closed', flaws, listener === undefined ? {} : { listener })
  }
}

/** What is said of a name that misses those of others by a slip, which are closed since no other of its kind is for them. */
function endOf(names: readonly string[], kind: string): string {
  return `; ${names.join(', ')}, which ${names.length === 1 ? 'is' : 'are'} a slip away and no other ${kind} is for, would be served without it, and ${names.length === 1 ? 'is' : 'are'} closed instead: answered 500 (protection_missing)`
}
