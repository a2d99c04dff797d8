import type { Seen } from '../seen.ts'
import { healthAt, type Health } from './health.ts'

/** Whoever looks at a page does not wait longer for a worker that is busy. */
const PATIENCE_MS = 500
/** What was said of all clusters is good enough for others that look at the same time. */
const FRESH_MS = 1_000

/** Asks workers how endpoints are, and each of them once for all who want to know the same at the same time. */
export class HealthAsking {
  private readonly seen: Pick<Seen, 'health' | 'nowMs'>
  private readonly pending = new Map<string, Promise<Health>>()
  private last: Health | null = null

  constructor(seen: Pick<Seen, 'health' | 'nowMs'>) {
    this.seen = seen
  }

  of(clusters: readonly string[]): Promise<Health> {
    return this.once(JSON.stringify(clusters), clusters)
  }

  /** Of those in which not all is well. */
  async unwell(): Promise<Health> {
    const { last, seen } = this
    if (last !== null && Math.abs(seen.nowMs() - last.atMs) < FRESH_MS) return last
    this.last = await this.once('', null)
    return this.last
  }

  private once(key: string, clusters: readonly string[] | null): Promise<Health> {
    let answer = this.pending.get(key)
    if (answer === undefined) {
      answer = this.ask(clusters).finally(() => this.pending.delete(key))
      this.pending.set(key, answer)
    }
    return answer
  }

  private async ask(clusters: readonly string[] | null): Promise<Health> {
    const answers = await this.seen.health(clusters, PATIENCE_MS)
    return healthAt(answers, this.seen.nowMs())
  }
}
