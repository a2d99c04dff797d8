import type { Case } from './cases.ts'
import type { Generator } from './load.ts'
import type { Running } from './process.ts'

/** One peer's turn in one round. */
export interface Sample {
  readonly cpuUs: number
  readonly rps: number
  readonly p50: number
  readonly p99: number
  readonly rssBytes: number
  readonly errors: number
  /** What its memory has grown by for each of the idle connections; 0 in other cases. */
  readonly connectionBytes: number
}

/** One peer that runs, in one case. */
export interface Racer {
  readonly name: string
  /** What it does. */
  readonly given: Case
  readonly port: number
  readonly process: Running
  readonly load: Generator
  readonly samples: Sample[]
}
