import { useSyncExternalStore } from 'react'

/** A value outside of React that its readers are told of. */
export class Store<T> {
  private readonly listeners = new Set<() => void>()
  private current: T

  constructor(first: T) {
    this.current = first
  }

  readonly get = (): T => this.current

  set(next: T): void {
    if (Object.is(next, this.current)) return
    this.current = next
    for (const listener of this.listeners) listener()
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }
}

export function useStore<T>(store: Store<T>): T {
  return useSyncExternalStore(store.subscribe, store.get)
}
