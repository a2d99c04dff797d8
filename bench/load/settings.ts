import type { LoadKind } from '../lib/cases.ts'
import type { Load } from '../lib/load.ts'

/** What a load program of ours is told, as JSON in its first argument. */
export interface LoadSettings {
  readonly port: number
  readonly kind: LoadKind
  readonly tls: boolean
  readonly protocol: 'http/1.1' | 'h2'
  readonly path: string
  /** Of an upload. */
  readonly bodyBytes: number
  readonly connections: number
  readonly seconds: number
}

export function readSettings(): LoadSettings {
  // oxlint-disable-next-line typescript/no-unsafe-assignment -- what lib/own-load.ts wrote
  const settings: LoadSettings = JSON.parse(process.argv[2] ?? '')
  return settings
}

/** Says what was seen, in the line that lib/load.ts reads. */
export function report(load: Load): void {
  process.stdout.write(`RESULT ${JSON.stringify(load)}\n`)
}

/** Latencies in microseconds, and what else makes a result. */
export class Tally {
  errors = 0
  private readonly latencies: number[] = []
  private readonly startedMs = performance.now()

  /** One that began at this time, of performance.now(), is complete. */
  done(sinceMs: number): void {
    this.latencies.push((performance.now() - sinceMs) * 1000)
  }

  get size(): number {
    return this.latencies.length
  }

  result(): Load {
    const sorted = Float64Array.from(this.latencies).sort()
    const at = (share: number) => Math.round(sorted[Math.floor(share * (sorted.length - 1))] ?? 0)
    return {
      requests: sorted.length,
      seconds: (performance.now() - this.startedMs) / 1000,
      p50: at(0.5),
      p99: at(0.99),
      errors: this.errors,
    }
  }
}
