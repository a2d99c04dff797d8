import type { ResourceKey } from '../../model/resource.ts'
import type { Cancel, Clock } from '../../upstream/clock.ts'
import { Backoff } from '../backoff.ts'
import type { StatusFields } from './wanted-status.ts'

/** A status that was sent to the server, onto one version of its object. */
export interface Attempt {
  readonly onto: string
  readonly fields: StatusFields
}

interface Kept extends Attempt {
  readonly backoff: Backoff
  /** Of the last failure that was told, also of attempts before this one. */
  told: string
  isDue: boolean
  cancel: Cancel | null
}

export interface AttemptsOptions {
  readonly clock: Clock
  readonly firstMs: number
  readonly mostMs: number
  /** Called when an object is to be looked at once more. */
  readonly again: (key: ResourceKey) => void
}

/**
 * What was tried last of each object: the same onto the same version is tried again only where `retry` says so, each time
 * later. At most one for an object; `drop` forgets those of which there is nothing to be written.
 */
export class Attempts {
  private readonly options: AttemptsOptions
  private readonly last = new Map<ResourceKey, Kept>()

  constructor(options: AttemptsOptions) {
    this.options = options
  }

  get size(): number {
    return this.last.size
  }

  /** Null where it is under way, was refused, or is to be tried later. */
  begin(key: ResourceKey, onto: string, fields: StatusFields): Attempt | null {
    const before = this.last.get(key)
    if (before?.onto === onto && sameBut(before.fields, fields)) {
      if (!before.isDue) return null
      before.isDue = false
      return before
    }
    this.drop(key)
    const backoff = new Backoff(this.options)
    const attempt = { onto, fields, backoff, told: before?.told ?? '', isDue: false, cancel: null }
    this.last.set(key, attempt)
    return attempt
  }

  /** Unless something else has been tried since. */
  retry(key: ResourceKey, attempt: Attempt, leastMs: number): void {
    const kept = this.last.get(key)
    if (kept === undefined || kept !== attempt) return
    const { clock, again } = this.options
    kept.cancel = clock.after(Math.max(kept.backoff.next(), leastMs), () => {
      kept.cancel = null
      kept.isDue = true
      again(key)
    })
  }

  /** Whether this failure is another one than that which was told last of the object. */
  isNews(key: ResourceKey, failure: string): boolean {
    const kept = this.last.get(key)
    if (kept?.told === failure) return false
    if (kept !== undefined) kept.told = failure
    return true
  }

  drop(key: ResourceKey): void {
    this.last.get(key)?.cancel?.()
    this.last.delete(key)
  }

  clear(): void {
    for (const key of this.last.keys()) this.drop(key)
  }
}

/** Times of transition are those of the attempt. */
function sameBut(a: StatusFields, b: StatusFields): boolean {
  const timeless = (fields: StatusFields): string =>
    JSON.stringify(fields, (name, value: unknown) => (name === 'lastTransitionTime' ? undefined : value))
  return timeless(a) === timeless(b)
}
