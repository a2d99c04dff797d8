/** Failed tries of one client. */
interface Tries {
  count: number
  untilMs: number
}

const MOST_TRIES = 10
const WINDOW_MS = 60_000
/** The one that has waited longest goes, where more clients than this fail. */
const MOST_CLIENTS = 4_096

/** Who has tried ten tokens that are none is told to wait for a minute. */
export class FailedTries {
  private readonly clients = new Map<string, Tries>()
  private readonly nowMs: () => number

  constructor(nowMs: () => number = () => performance.now()) {
    this.nowMs = nowMs
  }

  /** For how many seconds the client has no further try; 0 where it has one. */
  waitS(client: string): number {
    const tries = this.clients.get(client)
    if (tries === undefined || tries.count < MOST_TRIES) return 0
    return Math.max(0, Math.ceil((tries.untilMs - this.nowMs()) / 1000))
  }

  failed(client: string): void {
    const nowMs = this.nowMs()
    const before = this.clients.get(client)
    const count = before !== undefined && before.untilMs > nowMs ? before.count + 1 : 1
    this.clients.delete(client)
    this.clients.set(client, { count, untilMs: nowMs + WINDOW_MS })
    if (this.clients.size <= MOST_CLIENTS) return
    for (const oldest of this.clients.keys()) return void this.clients.delete(oldest)
  }
}
