import type { Validity } from './pem.ts'

/** Judges certificates by the time of a translation, and remembers when it would judge one of them otherwise. */
export class Calendar {
  /** Milliseconds since 1970; null where nothing that was asked about ever changes. */
  dueMs: number | null = null
  private readonly nowMs: number | undefined

  /** `nowMs` is when; absent, everything is valid. */
  constructor(nowMs: number | undefined) {
    this.nowMs = nowMs
  }

  /** Why none of the certificates of this field can be used now, or null. */
  objection(field: string, validity: readonly Validity[]): string | null {
    const { nowMs } = this
    if (nowMs === undefined) return null
    for (const { fromMs, untilMs } of validity)
      for (const turnMs of [fromMs, untilMs + 1])
        if (turnMs > nowMs && (this.dueMs === null || turnMs < this.dueMs)) this.dueMs = turnMs
    if (validity.some(({ fromMs, untilMs }) => fromMs <= nowMs && nowMs <= untilMs)) return null
    const next = Math.min(...validity.map(({ fromMs }) => fromMs).filter(fromMs => fromMs > nowMs))
    if (next < Infinity) return `what is in ${field} is valid only from ${dateOf(next)} on`
    return `what is in ${field} expired on ${dateOf(Math.max(...validity.map(({ untilMs }) => untilMs)))}`
  }

  /** Whether this moment is still to come; when it has, translation is another one. */
  isAhead(ms: number): boolean {
    const { nowMs } = this
    if (nowMs === undefined || !(ms > nowMs)) return false
    if (this.dueMs === null || ms < this.dueMs) this.dueMs = ms
    return true
  }
}

function dateOf(ms: number): string {
  return new Date(ms).toISOString()
}
