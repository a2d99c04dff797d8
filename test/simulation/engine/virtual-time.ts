import { seeded } from '../../support/seeded.ts'

/** Where a run begins: to the program 0 often means "never". */
const BEGIN_MS = 1_000

/** What setTimeout gives: `unref` is called by code that must not keep a process alive. */
class Timer {
  readonly atMs: number
  /** Of two at the same time the older goes first. */
  readonly order: number
  run: (() => void) | null

  constructor(atMs: number, order: number, run: () => void) {
    this.atMs = atMs
    this.order = order
    this.run = run
  }

  unref(): this {
    return this
  }
}

/** Time that passes as fast as events can be carried out, in their order: a binary heap of them. */
export class VirtualTime {
  nowMs = BEGIN_MS
  private readonly heap: Timer[] = []
  private made = 0

  /** Milliseconds since the run began. */
  get elapsedMs(): number {
    return this.nowMs - BEGIN_MS
  }

  after(ms: number, run: () => void): Timer {
    const timer = new Timer(this.nowMs + Math.max(0, ms), this.made++, run)
    this.push(timer)
    return timer
  }

  cancel(timer: Timer): void {
    timer.run = null
  }

  every(ms: number, run: () => void): void {
    this.after(ms, () => {
      run()
      this.every(ms, run)
    })
  }

  /** Until so long after the beginning. */
  runUntil(elapsedMs: number): void {
    const untilMs = BEGIN_MS + elapsedMs
    for (let next = this.heap[0]; next !== undefined && next.atMs <= untilMs; next = this.heap[0]) {
      this.pop()
      if (next.run === null) continue
      this.nowMs = next.atMs
      next.run()
    }
    this.nowMs = untilMs
  }

  private push(timer: Timer): void {
    const { heap } = this
    let at = heap.length
    heap.push(timer)
    for (let above = (at - 1) >> 1; at > 0 && isBefore(timer, heap[above]!); above = (at - 1) >> 1) {
      heap[at] = heap[above]!
      at = above
    }
    heap[at] = timer
  }

  private pop(): void {
    const { heap } = this
    const last = heap.pop()!
    if (heap.length === 0) return
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      if (below >= heap.length) break
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below++
      if (!isBefore(heap[below]!, last)) break
      heap[at] = heap[below]!
      at = below
    }
    heap[at] = last
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}

/** What a simulated world is made of. */
export interface World {
  readonly time: VirtualTime
  /** Uniform in [0, 1), by the seed. */
  readonly random: () => number
}

/**
 * Carries out `run` in virtual time. The program's own code reads clocks, sets timers and draws numbers where it needs
 * them; so for as long as `run` takes, which is synchronous, all of these are the world's.
 */
export function simulate<T>(seed: number, run: (world: World) => T): T {
  const world: World = { time: new VirtualTime(), random: seeded(seed) }
  const restore = install(world)
  try {
    return run(world)
  } finally {
    restore()
  }
}

function install({ time, random }: World): () => void {
  const replaced: readonly (readonly [object, string, unknown])[] = [
    [performance, 'now', () => time.nowMs],
    [Date, 'now', () => time.nowMs],
    [Math, 'random', random],
    [globalThis, 'setTimeout', (run: () => void, ms = 0) => time.after(ms, run)],
    [globalThis, 'setImmediate', (run: () => void) => time.after(0, run)],
    [globalThis, 'clearTimeout', (timer: Timer | null) => timer !== null && time.cancel(timer)],
  ]
  const undo = replaced.map(([of, name, value]) => {
    const before = Object.getOwnPropertyDescriptor(of, name)
    Object.defineProperty(of, name, { value, configurable: true, writable: true })
    return () => {
      if (before === undefined) Reflect.deleteProperty(of, name)
      else Object.defineProperty(of, name, before)
    }
  })
  return () => undo.forEach(one => one())
}
