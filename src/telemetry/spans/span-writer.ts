import { spanText, type Span } from './span.ts'
import { WallClock } from './tracing.ts'

/** Spans of a thread on their way to who exports them: JSON of each, with commas between them. */
export interface SpanBatch {
  readonly count: number
  readonly text: string
}

/** Where threads tell of their batches: of the collector of the process, and of others by their names. */
export const SPANS = 'spans'
export const NAMED_SPANS = 'named-spans'

/** For whom it is. */
export interface NamedBatch extends SpanBatch {
  readonly to: string
}

const MOST_SPANS = 256
/** Of all that waits: attributes may be as long as a head. */
const MOST_CHARACTERS = 256 * 1024
/** How long a span waits in its thread. */
export const WAIT_MS = 1_000

/** Gathers the spans of one thread, and hands them over once a second, or when there are many. */
export class SpanWriter {
  readonly wall = new WallClock()
  private readonly tell: (channel: string, batch: SpanBatch | NamedBatch) => void
  /** By whom they are for. */
  private waiting = new Map<string, string[]>()
  private characters = 0
  private timer: NodeJS.Timeout | null = null

  constructor(tell: (channel: string, batch: SpanBatch | NamedBatch) => void) {
    this.tell = tell
  }

  /** `to`: as SpanSettings have it. */
  add(span: Span, to = ''): void {
    let texts = this.waiting.get(to)
    if (texts === undefined) this.waiting.set(to, (texts = []))
    const text = spanText(span)
    this.characters += text.length
    if (texts.push(text) >= MOST_SPANS || this.characters >= MOST_CHARACTERS) return this.flush()
    this.timer ??= setTimeout(() => this.flush(), WAIT_MS).unref()
  }

  flush(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
    const { waiting } = this
    if (waiting.size === 0) return
    this.waiting = new Map()
    this.characters = 0
    this.wall.adjust()
    for (const [to, texts] of waiting) {
      const batch = { count: texts.length, text: texts.join(',') }
      if (to === '') this.tell(SPANS, batch)
      else this.tell(NAMED_SPANS, { ...batch, to })
    }
  }
}
