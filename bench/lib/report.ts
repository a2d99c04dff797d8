import type { Case } from './cases.ts'
import type { Sample } from './racer.ts'
import type { CaseResult } from './round.ts'
import { median, ratio, table } from './stats.ts'

export interface Row {
  readonly peer: string
  readonly cpuUs: number
  /** Times the CPU of each of `basesOf` in the same round, or null when that took no part. */
  readonly ratios: readonly (number | null)[]
  readonly rps: number
  readonly p50Us: number
  readonly p99Us: number
  readonly rssBytes: number
  /** What its memory has grown by for each of the idle connections; 0 in other cases. */
  readonly connectionBytes: number
  readonly errors: number
}

/** Whom figures are held against: nginx; who composes by hand, and of gRPC ourselves without that; and in cases with API management ourselves without that. */
function basesOf({ managed, cached, composed }: Case): readonly string[] {
  if (composed !== null) return composed === 'notes' ? ['bff', 'portcullis grpc'] : ['bff']
  if (cached) return ['nginx', 'portcullis small']
  return managed === null ? ['nginx'] : ['portcullis small', 'portcullis log']
}

/** One row for each peer: medians over the rounds, errors of all of them. */
export function rowsOf(result: CaseResult): readonly Row[] {
  const bases = basesOf(result.case).map(name => result.samples[name])
  return Object.entries(result.samples).map(([peer, samples]) => {
    const middle = (pick: (sample: Sample) => number) => median(samples.map(pick))
    const cpu = samples.map(sample => sample.cpuUs)
    return {
      peer,
      cpuUs: middle(sample => sample.cpuUs),
      ratios: bases.map(base =>
        base === undefined
          ? null
          : ratio(
              cpu,
              base.map(sample => sample.cpuUs),
            ),
      ),
      rps: middle(sample => sample.rps),
      p50Us: middle(sample => sample.p50),
      p99Us: middle(sample => sample.p99),
      rssBytes: middle(sample => sample.rssBytes),
      connectionBytes: middle(sample => sample.connectionBytes),
      errors: samples.reduce((total, sample) => total + sample.errors, 0),
    }
  })
}

/** A case as text, ready for bench/README.md. */
export function textOf(result: CaseResult): string {
  const { unit, name, title, load } = result.case
  const idle = load === 'idle'
  const head = [
    '',
    `CPU µs/${unit}`,
    ...basesOf(result.case).map(base => `x ${base}`),
    `${unit}s/s`,
    'p50 ms',
    'p99 ms',
    'RSS MB',
    ...(idle ? ['KB/connection'] : []),
    'errors',
  ]
  const rows = rowsOf(result).map(row => [
    row.peer,
    row.cpuUs.toFixed(1),
    ...row.ratios.map(value => (value === null ? '-' : value.toFixed(2))),
    Math.round(row.rps).toString(),
    (row.p50Us / 1000).toFixed(2),
    (row.p99Us / 1000).toFixed(2),
    (row.rssBytes / 1e6).toFixed(0),
    ...(idle ? [(row.connectionBytes / 1e3).toFixed(1)] : []),
    row.errors.toString(),
  ])
  const left = Object.entries(result.left).map(([peer, why]) => `${peer}: left out, ${why}`)
  return [`${name}: ${title}`, table([head, ...rows]), ...left].join('\n')
}
