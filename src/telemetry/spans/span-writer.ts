import { spanText, type Span } from './span.ts'
import { WallClock } from './tracing.ts'

/** Spans of a thread on their way to who exports them: JSON of each, with commas between them. */
export interface SpanBatch {
  readonly count: number
  readonly text: string
}

/** Where threads tell of their batches. */
export const SPANS = 'spans'

const MOST_SPANS = 256
const WAIT_MS = 1_000

/** Gathers the spans of one thread, and hands them over once a second, or when there are many. */
export class SpanWriter {
  readonly wall = new WallClock()
  private readonly tell: (batch: SpanBatch) => void
  private texts: string[] = []
  private timer: NodeJS.Timeout | null = null

  constructor(tell: (batch: SpanBatch) => void) {
    this.tell = tell
  }

  add(span: Span): void {
    if (this.texts.push(spanText(span)) >= MOST_SPANS) return this.flush()
    this.timer ??= setTimeout(() => this.flush(), WAIT_MS).unref()
  }

  flush(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
    const { texts } = this
    if (texts.length === 0) return
    this.texts = []
    this.wall.adjust()
    this.tell({ count: texts.length, text: texts.join(',') })
  }
}
