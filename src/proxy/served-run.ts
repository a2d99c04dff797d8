import type { Served } from '../filters/filter.ts'
import { LocalRun, type Run, type RunHost } from './run.ts'

/** So much is handed over at a time: what a slow client has not taken stays where it is stored. */
const PIECE_BYTES = 64 * 1024

/** Sends an answer from memory as its client takes it. What was asked before that is told of the run that asked. */
export class ServedRun extends LocalRun {
  private readonly served: Served
  private at = 0
  private isOver = false
  private isPaused = false

  constructor(x: RunHost, served: Served, former: Run | null) {
    super(x)
    this.served = served
    if (former !== null && former.attempts > 0) this.follow(former)
  }

  start(): void {
    this.send()
  }

  override pause(): void {
    this.isPaused = true
  }

  override resume(): void {
    this.isPaused = false
    this.send()
  }

  override cancel(): void {
    if (this.isOver) return
    this.isOver = true
    this.served.done()
  }

  private follow({ metrics, cluster, endpoint, attempts, sentMs, upstreamMs }: Run): void {
    this.metrics = metrics
    this.cluster = cluster
    this.endpoint = endpoint
    this.attempts = attempts
    this.sentMs = sentMs
    this.upstreamMs = upstreamMs
  }

  private send(): void {
    const { x } = this
    const { body } = this.served
    while (body !== null && this.at < body.length) {
      if (this.isOver || this.isPaused) return
      const end = Math.min(body.length, this.at + PIECE_BYTES)
      const { at } = this
      this.at = end
      x.sendData(body, at, end, true)
      if (end < body.length && !x.flush()) return
    }
    if (!this.isOver) x.sendEnd(null)
  }
}
