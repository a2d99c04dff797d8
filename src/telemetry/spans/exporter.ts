import type { Logger } from '../log.ts'
import type { MetricsWriter } from '../metrics.ts'
import type { Posted } from './post.ts'
import { attributesOf, type Span } from './span.ts'
import type { SpanBatch } from './span-writer.ts'

/** Of what waits for a collector: beyond that, what comes is dropped. */
const MOST_WAITING_BYTES = 8 * 1024 * 1024
/** Of one request. */
const MOST_SENT_BYTES = 1024 * 1024

/** How long is waited before the same is sent again; after the last of them it is dropped. */
const AGAIN_MS = [1_000, 2_000, 4_000]

export interface ExporterOptions {
  /** For the log. */
  readonly collector: string
  /** Sends the body of a request there. Never rejects. */
  readonly post: (body: string) => Promise<Posted>
  /** What the process says of itself. */
  readonly resource: Span['attributes']
  readonly version: string
  readonly log: Pick<Logger, 'info' | 'warn'>
  readonly metrics: Pick<MetricsWriter, 'counter'>
}

/**
 * Sends spans to a collector by OTLP/HTTP, as JSON. Nobody waits for it: what a collector does not take, or not soon
 * enough, is dropped and counted, and that is told once until it takes something again.
 */
export class SpanExporter {
  private readonly options: ExporterOptions
  private readonly before: string
  private waiting: SpanBatch[] = []
  /** Of what its collector has not been sent yet. */
  waitingBytes = 0
  private sending: Promise<void> | null = null
  private isFailing = false
  private dropped = 0
  private isClosing = false
  private wake: (() => void) | null = null

  constructor(options: ExporterOptions) {
    const { resource, version } = options
    const of = JSON.stringify({ attributes: attributesOf(resource) })
    this.options = options
    this.before = `{"resourceSpans":[{"resource":${of},"scopeSpans":[{"scope":${JSON.stringify({ name: 'portcullis', version })},"spans":[`
  }

  take(batch: SpanBatch): void {
    if (this.waitingBytes + batch.text.length > MOST_WAITING_BYTES) return this.drop(batch.count)
    this.waiting.push(batch)
    this.waitingBytes += batch.text.length
    this.sending ??= this.sendAll().finally(() => (this.sending = null))
  }

  /** What waits is still sent, once, for so long at most. */
  async close(withinMs: number): Promise<void> {
    this.isClosing = true
    this.wake?.()
    const late = new Promise<void>(resolve => setTimeout(resolve, withinMs).unref())
    await Promise.race([this.sending, late])
  }

  private async sendAll(): Promise<void> {
    while (this.waiting.length > 0) {
      const { count, text } = this.taken()
      await this.send(count, `${this.before}${text}]}]}]}`)
    }
  }

  /** As much as one request has. */
  private taken(): SpanBatch {
    let count = 0
    let bytes = 0
    let batches = 0
    for (const batch of this.waiting) {
      if (batches > 0 && bytes + batch.text.length > MOST_SENT_BYTES) break
      batches++
      bytes += batch.text.length
      count += batch.count
    }
    this.waitingBytes -= bytes
    return {
      count,
      text: this.waiting
        .splice(0, batches)
        .map(({ text }) => text)
        .join(','),
    }
  }

  private async send(count: number, body: string): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const posted = await this.options.post(body)
      if (posted.isTaken) return this.took(count, posted)
      const waitMs = AGAIN_MS[attempt]
      this.failed(posted.reason)
      if (!posted.isWorthAnother || waitMs === undefined || this.isClosing) return this.drop(count)
      await this.pause(Math.max(waitMs, posted.afterMs))
    }
  }

  private took(count: number, { rejected, reason }: Posted): void {
    this.count('exported', count - rejected)
    if (rejected > 0) this.drop(rejected)
    if (rejected > 0 && reason !== '') return this.failed(reason)
    if (!this.isFailing) return
    this.isFailing = false
    this.options.log.info('otlp.recovered', { collector: this.options.collector, dropped: this.dropped })
    this.dropped = 0
  }

  private failed(reason: string): void {
    if (this.isFailing) return
    this.isFailing = true
    const { collector } = this.options
    this.options.log.warn('otlp.failed', {
      collector,
      reason,
      message: 'spans are dropped until the collector takes them again',
    })
  }

  private drop(count: number): void {
    this.dropped += count
    this.count('dropped', count)
  }

  private count(result: 'exported' | 'dropped', count: number): void {
    this.options.metrics.counter('portcullis_spans_total', { result }).add(count)
  }

  private pause(ms: number): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, ms).unref()
      this.wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
