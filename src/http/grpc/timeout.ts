/** Milliseconds of each unit (doc/PROTOCOL-HTTP2.md: TimeoutUnit). */
const units: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 }

/** The longest time that eight digits can say in milliseconds. */
const MOST_MS = 99_999_999

/** Milliseconds, not always whole, that a `grpc-timeout` says, or null where it says nothing. */
export function readTimeout(text: string): number | null {
  return /^\d{1,8}[HMSmun]$/.test(text) ? Number(text.slice(0, -1)) * units[text.slice(-1)]! : null
}

/** A `grpc-timeout` of so many milliseconds, rounded down: who is told too much waits for an answer that nobody gets. One at least: many read 0 as no limit. */
export function writeTimeout(ms: number): string {
  if (ms <= MOST_MS) return `${Math.max(1, Math.floor(ms))}m`
  return `${Math.min(MOST_MS, Math.floor(ms / 1000))}S`
}
