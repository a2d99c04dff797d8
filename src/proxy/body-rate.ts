interface Span {
  ms: number
  bytes: number
}

/** Into how many spans the time is divided in which a rate is measured, at most. */
const SPANS = 8

/** Whether a body moves at a rate, by time in which the client was free to move it. */
export class BodyRate {
  private readonly bytesPerSecond: number
  private readonly patienceMs: number
  private readonly spans: Span[] = []
  private ms = 0
  private bytes = 0
  /** Free time since the rate was last met, or was not known yet. */
  private shortMs = 0

  constructor(bytesPerSecond: number, patienceMs: number) {
    this.bytesPerSecond = bytesPerSecond
    this.patienceMs = patienceMs
  }

  /** In this time the client was free, and moved so many bytes. */
  add(ms: number, bytes: number): void {
    const { spans, patienceMs, bytesPerSecond } = this
    const last = spans.at(-1)
    if (last !== undefined && last.ms < patienceMs / SPANS) {
      last.ms += ms
      last.bytes += bytes
    } else spans.push({ ms, bytes })
    this.ms += ms
    this.bytes += bytes
    while (this.ms - spans[0]!.ms >= patienceMs) this.forget(spans.shift()!)
    this.shortMs = this.bytes * 1000 >= bytesPerSecond * this.ms ? 0 : Math.max(this.ms, this.shortMs + ms)
  }

  /** For how long it has been short of the rate; 0 where it is not, or was not free for long enough to tell. */
  get lagMs(): number {
    return this.ms >= this.patienceMs ? this.shortMs : 0
  }

  /** What is known begins anew. */
  forgetAll(): void {
    this.spans.length = this.ms = this.bytes = this.shortMs = 0
  }

  private forget({ ms, bytes }: Span): void {
    this.ms -= ms
    this.bytes -= bytes
  }
}
