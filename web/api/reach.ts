import { Store } from './store.ts'

/** Since when the gateway has not been reached; null while it is. */
export const unreachableSince = new Store<Date | null>(null)

export function reached(): void {
  unreachableSince.set(null)
}

export function notReached(): void {
  if (unreachableSince.get() === null) unreachableSince.set(new Date())
}
