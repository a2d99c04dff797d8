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

  stop(): void {
    this.run = null
  }

  unref(): this {
    return this
  }
}

/** What setInterval gives: as with libuv the next time is counted from when it has run. */
class Interval {
  private timer: Timer

  constructor(time: VirtualTime, thread: Thread, run: () => void, ms: number) {
    const due = (): void => {
      const now = this.timer
      thread.timer(() => {
        if (this.timer !== now) return
        this.timer = time.after(ms, due)
        run()
      })
    }
    this.timer = time.after(ms, due)
  }

  stop(): void {
    this.timer.stop()
    this.timer = STOPPED
  }

  unref(): this {
    return this
  }
}

const STOPPED = new Timer(0, 0, () => {})

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

/** The thread that the program runs in. */
export interface Thread {
  /** Something has come from outside. */
  io(run: () => void): void
  /** A timer of the program is due. */
  timer(run: () => void): void
  immediate(run: () => void): void
  /** How long it has had something to do, since it began. */
  readonly busyMs: number
}

/** For whom the program is fast enough that it does not matter how fast. */
const atOnce = (time: VirtualTime): Thread => ({
  io: run => run(),
  timer: run => run(),
  immediate: run => time.after(0, run),
  busyMs: 0,
})

/** What a simulated world is made of. */
export interface World {
  readonly time: VirtualTime
  readonly thread: Thread
  /** Uniform in [0, 1), by the seed. */
  readonly random: () => number
}

/**
 * Carries out `run` in virtual time. The program's own code reads clocks, sets timers and draws numbers where it needs
 * them; so for as long as `run` takes, which is synchronous, all of these are the world's.
 */
export function simulate<T>(
  seed: number,
  run: (world: World) => T,
  makeThread: (time: VirtualTime) => Thread = atOnce,
): T {
  const time = new VirtualTime()
  const world: World = { time, thread: makeThread(time), random: seeded(seed) }
  const restore = install(world)
  try {
    return run(world)
  } finally {
    restore()
  }
}

interface Utilization {
  readonly idle: number
  readonly active: number
  readonly utilization: number
}

/** Since the run began, or between two that it has given. */
function utilizationOf(time: VirtualTime, thread: Thread) {
  return (to?: Utilization, from?: Utilization): Utilization => {
    const now = to ?? { active: thread.busyMs, idle: time.elapsedMs - thread.busyMs }
    const active = now.active - (from?.active ?? 0)
    const idle = now.idle - (from?.idle ?? 0)
    return { active, idle, utilization: active + idle === 0 ? 0 : active / (active + idle) }
  }
}

function install({ time, thread, random }: World): () => void {
  const after = (run: () => void, ms = 0): Timer => time.after(ms, () => thread.timer(run))
  const every = (run: () => void, ms: number): Interval => new Interval(time, thread, run, ms)
  const cancel = (timer: Timer | Interval | null): void => timer?.stop()
  const immediate = <T>(run: (of: T) => void, of: T): void => thread.immediate(() => run(of))
  const replaced: readonly (readonly [object, string, unknown])[] = [
    [performance, 'now', () => time.nowMs],
    [Date, 'now', () => time.nowMs],
    [Math, 'random', random],
    [globalThis, 'setTimeout', after],
    [globalThis, 'clearTimeout', cancel],
    [globalThis, 'setInterval', every],
    [globalThis, 'clearInterval', cancel],
    [globalThis, 'setImmediate', immediate],
    [performance, 'eventLoopUtilization', utilizationOf(time, thread)],
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
