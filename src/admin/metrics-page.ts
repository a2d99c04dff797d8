/** Makes the text, in the one format or in OpenMetrics. */
type Render = (openMetrics: boolean) => Promise<string>

/** After a text that took 10 ms, none is made for 40 ms: at most a fifth of the main thread goes to them. */
const PAUSES = 4
/** A scraper waits for ten seconds. */
const MOST_PAUSE_MS = 2_000

/**
 * The text of /metrics, which everybody may ask for as often as they like: one at a time is made, for all that have asked
 * until it is begun, and the next not at once. What one is given was always read after one has asked.
 */
export class MetricsPage {
  private readonly render: Render
  /** Not begun yet: whoever asks shares it. */
  private readonly waiting = new Map<boolean, Promise<Buffer>>()
  private last: Promise<unknown> = Promise.resolve()
  private notBeforeMs = 0

  constructor(render: Render) {
    this.render = render
  }

  /** Rejects as what makes it does. */
  read(openMetrics: boolean): Promise<Buffer> {
    const known = this.waiting.get(openMetrics)
    if (known !== undefined) return known
    const page = this.last.then(() => this.make(openMetrics))
    this.waiting.set(openMetrics, page)
    this.last = page.catch(() => {})
    return page
  }

  private async make(openMetrics: boolean): Promise<Buffer> {
    const pauseMs = this.notBeforeMs - performance.now()
    if (pauseMs > 0) await new Promise(resolve => setTimeout(resolve, pauseMs))
    this.waiting.delete(openMetrics)
    const begunMs = performance.now()
    try {
      // Bytes, so that a thousand who read slowly hold one copy.
      return Buffer.from(await this.render(openMetrics))
    } finally {
      const endedMs = performance.now()
      this.notBeforeMs = endedMs + Math.min((endedMs - begunMs) * PAUSES, MOST_PAUSE_MS)
    }
  }
}
