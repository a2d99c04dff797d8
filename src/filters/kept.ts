import type { Drainable } from '../upstream/keep.ts'

interface Held {
  readonly one: Drainable
  leases: number
}

/** What filters keep in one worker, by key. It lives as long as a lease names it: those who compile open the next lease before they close the last. */
export class Kept {
  private readonly all = new Map<string, Held>()

  lease(): KeptLease {
    return new KeptLease(this.all)
  }
}

/** What one compilation has asked for. */
export class KeptLease {
  private readonly all: Map<string, Held>
  private readonly asked = new Map<string, Held>()
  private closed = false

  constructor(all: Map<string, Held>) {
    this.all = all
  }

  /** The one of this key, made by `make` if there is none. The key's owner knows its type: a key begins with the type of its filter. */
  get<T extends Drainable>(key: string, make: () => T): T {
    if (this.closed) throw new Error(`${key} is asked for when what was compiled has gone`)
    const held = this.asked.get(key) ?? this.take(key, make)
    // What `make` of this key gave.
    return held.one as T
  }

  /** What no other lease names is drained. */
  close(): void {
    this.closed = true
    for (const [key, held] of this.asked) {
      held.leases--
      if (held.leases > 0) continue
      this.all.delete(key)
      held.one.drain()
    }
    this.asked.clear()
  }

  private take(key: string, make: () => Drainable): Held {
    const held = this.all.get(key) ?? { one: make(), leases: 0 }
    this.all.set(key, held)
    this.asked.set(key, held)
    held.leases++
    return held
  }
}
